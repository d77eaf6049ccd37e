using System.Net.Http.Headers;
using System.Text;
using Relay.Grains.Usage;
using Relay.Testing.Upstreams;

namespace Relay.Testing;

/// <summary>Someone with a key of their own who calls Relay by HTTP, and the upstream's bill since they came.</summary>
public sealed class RelayCaller
{
    // Nothing of a client's own conveniences: no redirects, no cookies, no decompression, and an answer that is left closes its connection.
    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
    });

    private readonly RelayApplication _relay;
    private readonly FakeUpstream? _upstream;
    private readonly int _billedBefore;

    private RelayCaller(RelayApplication relay, RelayKey key, FakeUpstream? upstream)
    {
        _relay = relay;
        _upstream = upstream;
        _billedBefore = upstream?.Bill.Entries.Count ?? 0;
        Key = key;
    }

    /// <summary>The caller's key.</summary>
    public RelayKey Key { get; }

    /// <summary>What the upstream billed since this caller came; right as long as nobody else calls.</summary>
    public TokenUsage Billed => _upstream!.Bill.Entries.Skip(_billedBefore).Aggregate(default(TokenUsage), (sum, entry) => sum + entry.Usage);

    /// <summary>How many calls the upstream has accepted since this caller came, errors too.</summary>
    public int CallsBilled => _upstream!.Bill.Entries.Count - _billedBefore;

    /// <summary>Gives a new user a key.</summary>
    public static async Task<RelayCaller> NewAsync(RelayApplication relay, FakeUpstream? upstream, params KeyLimit[] limits) =>
        new(relay, await relay.CreateKeyAsync(limits), upstream);

    /// <summary>A chat's body.</summary>
    public static string Chat(string more = "", string model = "gpt-4o") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"one two three four"}]{{(more.Length > 0 ? "," : "")}}{{more}}}""";

    /// <summary>A request with the caller's key; without a body it is a GET.</summary>
    public HttpRequestMessage Request(string path, string? body = null) => Request(path, body is null ? null : Encoding.UTF8.GetBytes(body));

    /// <summary>A request with the caller's key; without a body it is a GET.</summary>
    public HttpRequestMessage Request(string path, byte[]? body)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(_relay.BaseUrl, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key.Text);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return request;
    }

    /// <summary>Sends a request; answers when the head is there.</summary>
    public static Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Posts a body; answers when the head is there.</summary>
    public Task<HttpResponseMessage> PostAsync(string body, string path = "/v1/chat/completions", CancellationToken cancellationToken = default) =>
        SendAsync(Request(path, body), cancellationToken);

    /// <summary>Posts a body and reads the whole answer.</summary>
    public async Task<string> AskAsync(string body, string path = "/v1/chat/completions")
    {
        using var response = await PostAsync(body, path);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>What Relay has counted for the key.</summary>
    public Task<RelayUsage> UsageAsync() => _relay.UsageOfKeyAsync(Key);

    /// <summary>What Relay has counted for the user.</summary>
    public Task<RelayUsage> UserUsageAsync() => _relay.UsageOfUserAsync(Key);

    /// <summary>The log line of this caller's only call.</summary>
    public Task<LogLine> CallLineAsync() => _relay.Logs.CallOfAsync(Key);
}
