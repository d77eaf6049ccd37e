using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>What the official .NET SDK sees of each fault of an upstream, and what is counted of it beside the upstream's bill.</summary>
public sealed class OpenAiSdkFaultTests : IAsyncLifetime
{
    private const string Text = "The sea is blå, the wind is";

    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(300);

    private readonly RelayClock _clock = new();
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;
    private RelayCaller _caller = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, new RelaySetup { Time = _clock });
        _caller = await RelayCaller.NewAsync(_relay, _upstream);
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("fin")]
    [InlineData("rst")]
    [InlineData("stall")]
    [InlineData("early end")]
    public async Task Stream_ThatBreaks_ThrowsAndWhatPassedIsCounted(string fault)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var script = new UpstreamScript().Tokens(3).WaitFor(gate);
        _upstream.Next(fault switch
        {
            "fin" => script.CutByFin(),
            "rst" => script.CutByReset(),
            "stall" => script.Stall(),
            _ => script,
        });
        var text = new StringBuilder();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await foreach (var update in Chat(_relay).CompleteChatStreamingAsync("one two three four"))
            {
                text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
                if (text.Length == "The sea is".Length && gate.TrySetResult() && fault is "stall")
                {
                    _ = _clock.PassAsync(BetweenBytes);
                }
            }
        });

        // The tokenizer finds as many as were billed; what went in is guessed, since nothing was reported.
        Assert.Equal("The sea is", text.ToString());
        var (line, usage) = (await _caller.CallLineAsync(), await _caller.UsageAsync());
        Assert.Equal(("upstream_error", "estimated"), (line["Outcome"], line["Source"]));
        Assert.Equal((1, _caller.Billed.OutputTokens), (usage.Requests, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task Stream_WithAMalformedFrame_ThrowsAndIsCountedExactly()
    {
        _upstream.Next(new UpstreamScript().Tokens(2).Write("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\n\n").Complete());

        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(Chat(_relay)));

        await _caller.CallLineAsync();
        await Counts.AssertBilledAsync(_caller, requests: 1);
    }

    [Fact]
    public async Task Stream_CompressedUnasked_IsWholeAndCountedExactly()
    {
        _upstream.Next(new UpstreamScript().WithGzip().Complete());

        Assert.Equal(Text, await ReadAsync(Chat(_relay)));

        await Counts.AssertBilledAsync(_caller, requests: 1);
    }

    [Fact]
    public async Task Headers_ThatComeLate_AreWaitedFor()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _upstream.Next(new UpstreamScript().WaitFor(gate).Complete());
        var reading = ReadAsync(Chat(_relay));
        await _clock.BeganAsync(FirstByte);
        _clock.Advance(FirstByte - TimeSpan.FromSeconds(1));

        gate.SetResult();

        Assert.Equal(Text, await reading);
        await Counts.AssertBilledAsync(_caller, requests: 1);
    }

    [Fact]
    public async Task Headers_ThatNeverCome_AreAnError504()
    {
        _upstream.Next(new UpstreamScript().Stall());
        var asking = FailureAsync(_relay);
        await _upstream.RequestReceivedAsync();

        await _clock.PassAsync(FirstByte);

        Assert.Equal(504, (await asking).Status);
        Assert.Equal((1, 0), ((await _caller.UsageAsync()).Requests, (await _caller.UsageAsync()).Tokens.OutputTokens));
    }

    [Theory]
    [InlineData("500 empty", 500)]
    [InlineData("429", 429)]
    [InlineData("429 retry-after", 429)]
    [InlineData("307", 307)]
    public async Task Refusal_IsTheSdksExceptionAndCostsNothing(string fault, int status)
    {
        _upstream.Next(fault switch
        {
            "500 empty" => UpstreamScript.Answer(500, ""),
            "429" => UpstreamScript.RateLimited(),
            "429 retry-after" => UpstreamScript.RateLimited(retryAfterSeconds: 7),
            _ => UpstreamScript.Redirect(_upstream.BaseUrl + "/elsewhere"),
        });

        var failure = await FailureAsync(_relay);

        Assert.Equal(status, failure.Status);
        Assert.Equal(fault is "429 retry-after" ? "7" : null, failure.GetRawResponse()!.Headers.TryGetValue("retry-after", out var wait) ? wait : null);
        Assert.Equal(1, _caller.CallsBilled);
        await Counts.AssertBilledAsync(_caller, requests: 1);
    }

    [Fact]
    public async Task Answer_ThatComesBeforeTheBodyWasRead_IsTheSdksException()
    {
        const string Error = """{"error":{"message":"Too large.","type":"invalid_request_error","param":null,"code":null}}""";
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.WriteAsync($"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {Error.Length}\r\n\r\n{Error}");
            await connection.ClientClosedAsync();
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        _caller = await RelayCaller.NewAsync(relay, upstream: null);

        var failure = await FailureAsync(relay, new string('x', 20_000_000));

        Assert.Equal(400, failure.Status);
        Assert.Contains("Too large.", failure.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0), ((await _caller.UsageAsync()).Requests, (await _caller.UsageAsync()).Tokens.TotalTokens));
    }

    [Fact]
    public async Task Stream_DelimitedByTheConnection_IsWholeAndCounted()
    {
        const string Stream =
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6,\"total_tokens\":11}}\n\ndata: [DONE]\n\n";
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(RawAnswers.CloseDelimited("text/event-stream", Stream));
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        _caller = await RelayCaller.NewAsync(relay, upstream: null);

        Assert.Equal("Hi", await ReadAsync(Chat(relay)));

        var usage = await _caller.UsageAsync();
        Assert.Equal((1, 5, 6), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    private static async Task<string> ReadAsync(ChatClient client)
    {
        var text = new StringBuilder();
        await foreach (var update in client.CompleteChatStreamingAsync("one two three four"))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        }

        return text.ToString();
    }

    private Task<ClientResultException> FailureAsync(RelayApplication relay, string message = "one two") =>
        Assert.ThrowsAsync<ClientResultException>(() => Chat(relay).CompleteChatAsync(message));

    private ChatClient Chat(RelayApplication relay) => new("gpt-4o", new ApiKeyCredential(_caller.Key.Text), new OpenAIClientOptions
    {
        Endpoint = new Uri(relay.BaseUrl, "/v1"),
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
    });
}
