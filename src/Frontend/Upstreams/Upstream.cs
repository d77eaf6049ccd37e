using System.Collections.Frozen;
using System.Text;
using Relay.Frontend.Endpoints;

namespace Relay.Frontend.Upstreams;

/// <summary>A provider's endpoint and the connection pool to it.</summary>
internal sealed class Upstream : IDisposable
{
    private const string OpenAiBaseUrl = "https://api.openai.com/v1";

    // What is shorter is no key but a word, such as a local server's "none": hiding it would only spoil messages.
    private const int SecretLengthMin = 8;

    private readonly HttpMessageInvoker _invoker;
    private readonly HttpMessageInvoker? _unpooled;
    private readonly string? _authorization;
    private readonly byte[]? _secret;
    private readonly FrozenDictionary<string, Uri> _known;

    /// <summary>Takes connections over.</summary>
    /// <param name="name">The configured name.</param>
    /// <param name="baseUrl">The address with its <c>/v1</c>.</param>
    /// <param name="apiKey">The upstream's key, or null.</param>
    /// <param name="handler">The connections.</param>
    /// <param name="unpooled">Opens a connection for each request; null where connections cannot go stale.</param>
    public Upstream(string name, Uri baseUrl, string? apiKey, HttpMessageHandler handler, HttpMessageHandler? unpooled = null)
    {
        Name = name;
        BaseUrl = baseUrl;
        _known = EndpointTable.All.ToFrozenDictionary(static endpoint => endpoint.Path, endpoint => MakeAddress(endpoint.Path, ""), StringComparer.Ordinal);
        _authorization = apiKey is null ? null : "Bearer " + apiKey;
        _secret = apiKey?.Length >= SecretLengthMin ? Encoding.UTF8.GetBytes(apiKey) : null;
        _invoker = new HttpMessageInvoker(handler);
        _unpooled = unpooled is null ? null : new HttpMessageInvoker(unpooled);
    }

    /// <summary>The configured name, as usage entries have it.</summary>
    public string Name { get; }

    /// <summary>The address to which paths after <c>/v1</c> are appended.</summary>
    public Uri BaseUrl { get; }

    /// <summary>The upstream of <c>OPENAI_API_KEY</c> and <c>OPENAI_BASE_URL</c>.</summary>
    public static Upstream FromOptions(UpstreamOptions options, HttpMessageHandler handler, HttpMessageHandler unpooled) => new(
        "default",
        new Uri((string.IsNullOrWhiteSpace(options.BaseUrl) ? OpenAiBaseUrl : options.BaseUrl.Trim()).TrimEnd('/')),
        string.IsNullOrWhiteSpace(options.ApiKey) ? null : options.ApiKey.Trim(),
        handler,
        unpooled);

    /// <summary>The address of a canonical path, which begins with <c>/v1</c>.</summary>
    public Uri AddressOf(string path, string query) =>
        query.Length == 0 && _known.TryGetValue(path, out var known) ? known : MakeAddress(path, query);

    /// <summary>
    /// Sends a request with the upstream's own credentials; answers when the head of the answer is there. A server may close
    /// a connection just when a request is on its way on it. If a connection that was good before dies without a byte of
    /// answer, the request is sent once more, on a connection of its own.
    /// </summary>
    /// <param name="request">The request; its content can be sent twice.</param>
    /// <param name="cancellationToken">Ends the sending, and the wait for the head.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var attempt = new ConnectionAttempt();
        try
        {
            return await SendOnceAsync(request, attempt, cancellationToken);
        }
        catch (Exception e) when (MaySendAgain(e, attempt) && !cancellationToken.IsCancellationRequested)
        {
            return await SendAgainAsync(request, cancellationToken);
        }
    }

    /// <summary>The first half of <see cref="SendAsync"/>, for a caller that is to know of the second.</summary>
    /// <param name="request">The request.</param>
    /// <param name="attempt">Will know what became of the connection. It is the current one of the caller's method from here on.</param>
    /// <param name="cancellationToken">Ends the sending, and the wait for the head.</param>
    public Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, ConnectionAttempt attempt, CancellationToken cancellationToken)
    {
        if (_authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", _authorization);
        }

        attempt.Begin();
        return _invoker.SendAsync(request, cancellationToken);
    }

    /// <summary>Whether a request that failed so can be sent again without harm: no upstream has begun to answer it.</summary>
    public bool MaySendAgain(Exception failure, ConnectionAttempt attempt) =>
        failure is HttpRequestException or IOException && attempt.DiedUnanswered && _unpooled is not null;

    /// <summary>The second half: sends a request again that <see cref="MaySendAgain"/>.</summary>
    public Task<HttpResponseMessage> SendAgainAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _unpooled!.SendAsync(Copy(request), cancellationToken);

    /// <summary>
    /// Opens an answer's bytes, decoded if the upstream compressed them unasked: they must be read, and the client did not ask either.
    /// An error is told without the upstream's key should it repeat it. Nothing is read yet.
    /// </summary>
    public Stream Open(HttpResponseMessage answer)
    {
        var body = answer.Content.ReadAsStream();
        if (IsEncoded(answer))
        {
            body = ContentCodings.TryDecode(body, answer.Content.Headers.ContentEncoding.LastOrDefault() ?? "") ?? body;
        }

        return answer.IsSuccessStatusCode || _secret is null ? body : new MaskedStream(body, _secret);
    }

    /// <summary>Whether an answer names a coding of its bytes; what nearly no answer has is not parsed.</summary>
    public static bool IsEncoded(HttpResponseMessage answer) =>
        answer.Content.Headers.NonValidated.Contains("Content-Encoding") && answer.Content.Headers.ContentEncoding.Count > 0;

    public void Dispose()
    {
        _invoker.Dispose();
        _unpooled?.Dispose();
    }

    private Uri MakeAddress(string path, string query) => new(BaseUrl.AbsoluteUri.TrimEnd('/') + path["/v1".Length..] + query);

    private static HttpRequestMessage Copy(HttpRequestMessage request)
    {
        var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Content = request.Content };
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            copy.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values);
        }

        return copy;
    }
}
