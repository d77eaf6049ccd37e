using System.Net.Http.Headers;

namespace Relay.Frontend.Upstreams;

/// <summary>A provider's endpoint and the connection pool to it.</summary>
internal sealed class Upstream : IDisposable
{
    private const string OpenAiBaseUrl = "https://api.openai.com/v1";

    private readonly HttpMessageInvoker _invoker;
    private readonly AuthenticationHeaderValue? _authorization;

    public Upstream(string name, Uri baseUrl, string? apiKey, HttpMessageHandler handler)
    {
        Name = name;
        BaseUrl = baseUrl;
        _authorization = apiKey is null ? null : new AuthenticationHeaderValue("Bearer", apiKey);
        _invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The configured name, as usage entries have it.</summary>
    public string Name { get; }

    /// <summary>The address to which paths after <c>/v1</c> are appended.</summary>
    public Uri BaseUrl { get; }

    /// <summary>The upstream of <c>OPENAI_API_KEY</c> and <c>OPENAI_BASE_URL</c>.</summary>
    public static Upstream FromOptions(UpstreamOptions options, HttpMessageHandler handler) => new(
        "default",
        new Uri((string.IsNullOrWhiteSpace(options.BaseUrl) ? OpenAiBaseUrl : options.BaseUrl.Trim()).TrimEnd('/')),
        string.IsNullOrWhiteSpace(options.ApiKey) ? null : options.ApiKey.Trim(),
        handler);

    /// <summary>The address of a canonical path, which begins with <c>/v1</c>.</summary>
    public Uri AddressOf(string path, string query) => new(BaseUrl.AbsoluteUri.TrimEnd('/') + path["/v1".Length..] + query);

    /// <summary>Sends a request with the upstream's own credentials; answers when the head of the answer is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = _authorization;
        return _invoker.SendAsync(request, cancellationToken);
    }

    public void Dispose() => _invoker.Dispose();
}
