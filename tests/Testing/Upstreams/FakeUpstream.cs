using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Relay.Testing.Upstreams;

/// <summary>
/// An OpenAI-compatible server on a real socket, for tests: it answers like OpenAI, or as a script says, keeps its own
/// bill of what it generated, and records what it was sent. What no HTTP server can say is <see cref="RawUpstream"/>'s.
/// </summary>
public sealed class FakeUpstream : IAsyncDisposable
{
    /// <summary>The upstream's organization, which Relay must not show to its clients.</summary>
    public const string Organization = "org-that-pays";

    /// <summary>The upstream's cookie, which Relay must not show to its clients.</summary>
    public const string Cookie = "__cf_bm=upstream-cookie; path=/; HttpOnly";

    /// <summary>The upstream's own request id, which Relay replaces.</summary>
    public const string RequestId = "req_of_the_upstream";

    internal const string ChatCompletionsPath = "/v1/chat/completions";
    internal const string CompletionsPath = "/v1/completions";
    internal const string EmbeddingsPath = "/v1/embeddings";
    internal const string ResponsesPath = "/v1/responses";
    internal const string InputTokensPath = "/v1/responses/input_tokens";
    internal const string ModerationsPath = "/v1/moderations";
    internal const string ModelsPath = "/v1/models";
    internal const long CreatedAt = 1_780_000_000;

    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan EventWaitMax = TimeSpan.FromSeconds(30);

    private readonly WebApplication _server;
    private readonly CancellationTokenSource _stopping = new();
    private readonly BackgroundResponses _background = new();
    private readonly Lock _lock = new();
    private readonly List<UpstreamRequest> _requests = [];
    private readonly ConcurrentQueue<UpstreamScript> _next = new();
    private readonly ConcurrentDictionary<string, UpstreamScript> _byModel = new(StringComparer.Ordinal);
    private readonly Channel<UpstreamRequest> _received = Channel.CreateUnbounded<UpstreamRequest>();
    private readonly Channel<UpstreamRequest> _aborted = Channel.CreateUnbounded<UpstreamRequest>();
    private readonly Channel<UpstreamRequest> _ended = Channel.CreateUnbounded<UpstreamRequest>();

    private FakeUpstream(WebApplication server) => _server = server;

    /// <summary>The address that clients are given, with <c>/v1</c>.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>What was generated, call by call.</summary>
    public UpstreamBill Bill { get; } = new();

    /// <summary>The newest response that was made in the background.</summary>
    public BackgroundResponse InBackground => _background.Last;

    /// <summary>The requests in the order of arrival; a copy.</summary>
    public IReadOnlyList<UpstreamRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The headers of every answer, also those that Relay must not pass on.</summary>
    internal static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["openai-organization"] = Organization,
        ["openai-project"] = "proj_that_pays",
        ["openai-processing-ms"] = "12",
        ["openai-version"] = "2020-10-01",
        ["x-request-id"] = RequestId,
        ["x-ratelimit-limit-requests"] = "9999",
        ["x-ratelimit-limit-tokens"] = "8888888",
        ["x-ratelimit-remaining-requests"] = "9998",
        ["x-ratelimit-remaining-tokens"] = "8888800",
        ["x-ratelimit-reset-requests"] = "6ms",
        ["x-ratelimit-reset-tokens"] = "1ms",
        ["set-cookie"] = Cookie,
    };

    /// <summary>Starts a server on a free port of the loopback address.</summary>
    public static async Task<FakeUpstream> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(ListenOnLoopback);
        builder.Logging.ClearProviders();

        // A flush then waits until the socket has taken all bytes, which makes the order of bytes and cuts certain.
        builder.Services.Configure<SocketTransportOptions>(options => options.MaxWriteBufferSize = 1);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));

        var server = builder.Build();
        var upstream = new FakeUpstream(server);
        server.Run(upstream.HandleAsync);
        await server.StartAsync(CancellationToken.None);
        var address = server.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        upstream.BaseUrl = new Uri(address + "/v1");
        return upstream;
    }

    /// <summary>Scripts the answer to the next request that no earlier call of this has claimed, whatever it asks.</summary>
    public void Next(UpstreamScript script) => _next.Enqueue(script);

    /// <summary>Scripts every answer of a model that <see cref="Next"/> does not claim.</summary>
    public void ForModel(string model, UpstreamScript script) => _byModel[model] = script;

    /// <summary>Waits for the next request to have arrived whole; each is told once, in order of arrival.</summary>
    public Task<UpstreamRequest> RequestReceivedAsync() => NextEventAsync(_received);

    /// <summary>Waits for the next request whose client hung up before the script had ended; each is told once.</summary>
    public Task<UpstreamRequest> ClientAbortedAsync() => NextEventAsync(_aborted);

    /// <summary>Waits for the next request whose answer is over, in whatever way; each is told once.</summary>
    public Task<UpstreamRequest> EndedAsync() => NextEventAsync(_ended);

    /// <summary>Ends all waits and the server.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        _stopping.Dispose();
    }

    internal static bool IsMetered(string path) => path is ChatCompletionsPath or CompletionsPath or EmbeddingsPath or ResponsesPath;

    private static void ListenOnLoopback(KestrelServerOptions options)
    {
        options.Listen(IPAddress.Loopback, 0);
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MinRequestBodyDataRate = null;
    }

    private static Task<UpstreamRequest> NextEventAsync(Channel<UpstreamRequest> channel) =>
        channel.Reader.ReadAsync().AsTask().WaitAsync(EventWaitMax);

    private async Task HandleAsync(HttpContext context)
    {
        var request = await RecordAsync(context.Request);
        var call = HttpMethods.IsPost(request.Method) && IsMetered(request.Path) ? ModelCall.TryRead(request) : null;
        var script = _next.TryDequeue(out var next) ? next
            : call is not null && _byModel.TryGetValue(call.Model, out var byModel) ? byModel
            : new UpstreamScript().Complete();
        var entry = call is null ? null : Enter(call, script);
        _received.Writer.TryWrite(request);

        await using var writer = new AnswerWriter(context, script, _stopping.Token);
        var exchange = new UpstreamExchange(request, call, script, entry, writer, _background);
        try
        {
            foreach (var step in script.Steps)
            {
                await step(exchange);
            }

            _ended.Writer.TryWrite(request);
            if (writer.WasCut)
            {
                await writer.WaitForCloseAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!writer.WasCut)
            {
                entry?.MarkClientAborted();
                _aborted.Writer.TryWrite(request);
                _ended.Writer.TryWrite(request);
            }
        }
    }

    private async Task<UpstreamRequest> RecordAsync(HttpRequest request)
    {
        var headers = request.Headers
            .SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? "")))
            .ToList();
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        lock (_lock)
        {
            var recorded = new UpstreamRequest
            {
                Number = _requests.Count,
                Method = request.Method,
                Path = request.Path.Value ?? "",
                Query = request.QueryString.Value ?? "",
                Headers = headers,
                Body = body.ToArray(),
            };
            _requests.Add(recorded);
            return recorded;
        }
    }

    private UpstreamBillEntry Enter(ModelCall call, UpstreamScript script)
    {
        var succeeds = script.Status is >= 200 and < 300;
        var input = succeeds ? call.InputTokens.Sum() : 0;
        var cached = !succeeds || call.Endpoint is EmbeddingsPath ? 0 : Math.Min(input, script.CachedTokens ?? input / 4);
        var entry = new UpstreamBillEntry(call.Model, call.Endpoint, script.Status, input, cached);
        Bill.Add(entry);
        return entry;
    }
}
