using System.Net;
using System.Text.Json;
using Relay.Frontend.Background;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Background;

/// <summary>Responses with <c>"background": true</c>: each is charged once, at what the upstream says when it is over.</summary>
public sealed class BackgroundTests : IAsyncLifetime
{
    private const string Path = "/v1/responses";

    private readonly string _data = Directory.CreateTempSubdirectory("relay-background-").FullName;
    private FakeUpstream _upstream = null!;
    private RelayApplication? _relay;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await StopAsync();
        await _upstream.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Response_ThatEndsLater_IsChargedOnceWithTheUpstreamsCount()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream, new KeyLimit("tokens", "day", 100_000));
        var body = Ask();

        var answer = JsonElement.Parse(await caller.AskAsync(body, Path + "?api-version=2"));

        // The answer and the request pass to the byte; nothing is charged yet, and the hold stands.
        Assert.Equal(("queued", _upstream.InBackground.Id), (answer.GetProperty("status").GetString(), answer.GetProperty("id").GetString()));
        Assert.Equal(body, _upstream.Requests[0].Text);
        Assert.Equal("in_background", (await caller.CallLineAsync())["Outcome"]);
        var running = await caller.UsageAsync();
        Assert.Equal(0, running.Requests);
        Assert.True(Assert.Single(running.Limits).GetProperty("held").GetInt64() > 0);
        await ReadAsync(caller, times: 3);

        _upstream.InBackground.Generate(9);
        await ReadAsync(caller, times: 3);
        _upstream.InBackground.End();
        await SettledAsync(relay, caller);

        // The questions have the version that the call had; the client's own readings here had none.
        Assert.Contains(_upstream.Requests, request => request is { Method: "GET", Query: "?api-version=2" });
        await Counts.AssertBilledAsync(caller, requests: 1);
        await ReadAsync(caller, times: 3);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal(0, Assert.Single((await caller.UsageAsync()).Limits).GetProperty("held").GetInt64());
        Assert.Equal(0, new FileInfo(new BackgroundFile(_data).Path).Length);
    }

    [Theory]
    [InlineData("incomplete")]
    [InlineData("failed")]
    [InlineData("cancelled")]
    public async Task Response_ThatEndsOtherwise_IsChargedWithTheUpstreamsCount(string status)
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);

        _upstream.InBackground.Generate(4);
        _upstream.InBackground.End(status);

        Assert.Equal("reported", (await SettledAsync(relay, caller))["Source"]);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Response_ThatItsClientCancels_IsChargedForWhatItHadSaid()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);
        _upstream.InBackground.Generate(15);

        using var cancel = caller.Request($"{Path}/{_upstream.InBackground.Id}/cancel", "");
        using var response = await RelayCaller.SendAsync(cancel);

        // Four words, the role, and three tokens for a message; "The sea is blå, the wind is 强, and nobody hurries 🐢." in o200k.
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("estimated", (await SettledAsync(relay, caller))["Source"]);
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 8, 19), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task Response_ThatIsOverInItsFirstAnswer_IsChargedAtOnce()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(UpstreamScript.Answer(
            200, """{"id":"resp_9","object":"response","status":"completed","model":"gpt-4o","output":[],"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}"""));

        await caller.AskAsync(Ask(), Path);

        var usage = await caller.UsageAsync();
        Assert.Equal((1, 5, 6), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task Response_ThatTheUpstreamRefuses_IsNotFollowed()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(UpstreamScript.Answer(400, """{"id":"resp_9","status":"queued","error":{"message":"No.","type":"invalid_request_error","param":null,"code":null}}"""));

        using var response = await caller.PostAsync(Ask(), Path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        await response.Content.ReadAsStringAsync();
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 0), (usage.Requests, usage.Tokens.TotalTokens));
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task Upstream_ThatCannotBeAskedForAWhile_IsAskedAgain()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);

        _upstream.Next(UpstreamScript.Error(500, "server_error", null));
        _upstream.Next(new UpstreamScript().CutByReset());
        _upstream.Next(UpstreamScript.RateLimited(1));
        _upstream.Next(UpstreamScript.Answer(200, "{\"status\":\"completed\""));
        _upstream.Next(UpstreamScript.Error(404, "invalid_request_error", null));
        _upstream.InBackground.Generate(3);
        _upstream.InBackground.End();

        Assert.Equal("reported", (await SettledAsync(relay, caller))["Source"]);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Response_ThatTheUpstreamLoses_IsChargedForWhatIsKnown()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);

        _upstream.InBackground.Forget();

        Assert.Equal("estimated", (await SettledAsync(relay, caller))["Source"]);
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 8, 0), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task Response_ThatIsDeletedJustWhenItIsOver_IsChargedWithTheUpstreamsCount()
    {
        // Never asked by itself while the test runs.
        var relay = await StartAsync(("Relay:Background:PollSeconds", "600"));
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(new UpstreamScript().Complete());
        await caller.AskAsync(Ask(), Path);
        _upstream.InBackground.Generate(5);
        _upstream.InBackground.End();

        using var delete = caller.Request($"{Path}/{_upstream.InBackground.Id}");
        delete.Method = HttpMethod.Delete;
        using var response = await RelayCaller.SendAsync(delete);

        Assert.Contains("\"deleted\":true", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Response_ThatNeverEnds_IsChargedForWhatIsKnownWhenItsTimeIsOver()
    {
        var clock = new RelayClock();
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl, RelaySetup.With(("Relay:Background:Hours", "0.01")) with { Time = clock, DataDirectory = _data });
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        await caller.AskAsync(Ask(), Path);
        _upstream.InBackground.Generate(15);

        await clock.BeganAsync(TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(20));
        await clock.BeganAsync(TimeSpan.FromSeconds(2));
        clock.Advance(TimeSpan.FromSeconds(20));

        // Its text is 58 bytes, of which four make a token.
        Assert.Equal("estimated", (await SettledAsync(_relay, caller))["Source"]);
        var usage = await caller.UsageAsync();
        Assert.Equal((1, 8, 15), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_ThatEndsWell_IsChargedOnceAndNotAskedAbout(bool byItself)
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(byItself ? new UpstreamScript().Complete() : new UpstreamScript().Tokens(3).Complete());

        var text = await caller.AskAsync(Ask(""","stream":true"""), Path);

        Assert.Contains("event: response.completed", text, StringComparison.Ordinal);
        await Counts.AssertBilledAsync(caller, requests: 1);
        Assert.Equal("completed", (await caller.CallLineAsync())["Outcome"]);
        Assert.Single(_upstream.Requests);
    }

    [Fact]
    public async Task Stream_ThatItsClientLeaves_IsChargedWhenTheResponseIsOver()
    {
        var relay = await StartAsync(("Relay:Drain:Seconds", "0"));
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(new UpstreamScript().Tokens(3).Stall());
        using var client = await RawClient.PostAsync(relay, caller.Key, Ask(""","stream":true"""), path: Path);
        await client.ReadUntilAsync("\" is\"");

        client.Reset();
        Assert.Equal("in_background", (await caller.CallLineAsync())["Outcome"]);
        _upstream.InBackground.Generate(4);
        _upstream.InBackground.End();

        Assert.Equal("reported", (await SettledAsync(relay, caller))["Source"]);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_ThatTheUpstreamCuts_IsCutAndChargedWhenTheResponseIsOver(bool reset)
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var script = new UpstreamScript().Tokens(3).WaitFor(gate);
        _upstream.Next(reset ? script.CutByReset() : script.CutByFin());
        using var client = await RawClient.PostAsync(relay, caller.Key, Ask(""","stream":true"""), path: Path);
        await client.ReadUntilAsync("\" is\"");

        gate.SetResult();
        await client.ReadToEndAsync();
        Assert.False(client.EndedWell);
        _upstream.InBackground.Generate(4);
        _upstream.InBackground.End();

        Assert.Equal("reported", (await SettledAsync(relay, caller))["Source"]);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Responses_MoreThanAreFollowed_AreRefusedAndSpendNothing()
    {
        var relay = await StartAsync(("Relay:Background:Responses", "1"));
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);
        var other = await RelayCaller.NewAsync(relay, _upstream);

        using (var refused = await other.PostAsync(Ask(), Path))
        {
            var error = await Errors.ReadAsync(refused, HttpStatusCode.ServiceUnavailable);
            Assert.Equal(("server_is_overloaded", "background"), (error.Code, error.Param));
            Assert.Equal("10", refused.Headers.GetValues("retry-after").Single());
        }

        await Counts.AssertNothingAsync(other);
        await other.AskAsync(Ask(""","background":false""", background: false), Path);
        Assert.Equal(1, (await other.UsageAsync()).Requests);

        _upstream.InBackground.End();
        await SettledAsync(relay, caller);
        using var admitted = await other.PostAsync(Ask(), Path);
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
    }

    [Fact]
    public async Task Responses_ThatWereNeverMade_TakeNoPlace()
    {
        var relay = await StartAsync(("Relay:Background:Responses", "1"));
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        for (var i = 0; i < 3; i++)
        {
            _upstream.Next(UpstreamScript.Error(500, "server_error", null));
            using var failed = await caller.PostAsync(Ask(), Path);
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
            await failed.Content.ReadAsStringAsync();
        }

        using var admitted = await caller.PostAsync(Ask(), Path);
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
    }

    [Fact]
    public async Task ConcurrencyLimit_CountsAResponseUntilItIsOver()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream, new KeyLimit("concurrency", "total", 1));
        await caller.AskAsync(Ask(), Path);

        using (var refused = await caller.PostAsync(Ask(), Path))
        {
            Assert.Equal("rate_limit_exceeded", (await Errors.ReadAsync(refused, HttpStatusCode.TooManyRequests)).Code);
        }

        _upstream.InBackground.End();
        await SettledAsync(relay, caller);
        using var admitted = await caller.PostAsync(Ask(), Path);
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
    }

    [Fact]
    public async Task Restart_InOrder_GoesOnAndChargesOnce()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);
        await StopAsync();
        _upstream.InBackground.Generate(6);
        _upstream.InBackground.End();

        relay = await StartAsync();

        var settled = await relay.Logs.FindAsync(IsSettled);
        Assert.Equal((caller.Key.Id, "reported"), (settled["KeyId"], settled["Source"]));
        var usage = await relay.UsageOfKeyAsync(caller.Key);
        Assert.Equal((1, _upstream.Bill.Total), (usage.Requests, usage.Tokens));
        Assert.Equal(usage.Tokens, (await relay.UsageOfUserAsync(caller.Key)).Tokens);
    }

    [Fact]
    public async Task Start_WithGarbageInTheFile_SetsItAsideAndGoesOnWithTheRest()
    {
        const string Garbage = "0badc0de {\"waits\":";
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        await caller.AskAsync(Ask(), Path);
        await StopAsync();
        var file = new BackgroundFile(_data).Path;
        await File.WriteAllTextAsync(file, $"{Garbage}\n{await File.ReadAllTextAsync(file)}{Garbage}");
        _upstream.InBackground.End();

        relay = await StartAsync();

        await relay.Logs.FindAsync(IsSettled);
        Assert.Equal((0, 1), await relay.OutboxAsync());
        Assert.Equal((1, _upstream.Bill.Total), ((await relay.UsageOfKeyAsync(caller.Key)).Requests, (await relay.UsageOfKeyAsync(caller.Key)).Tokens));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disk_ThatIsFull_CutsTheCallAndChargesItAllTheSame(bool stream)
    {
        const string FullDevice = "/dev/full";
        Skip.IfNot(File.Exists(FullDevice), "This system has no device that is always full.");
        File.CreateSymbolicLink(new BackgroundFile(_data).Path, FullDevice);
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, _upstream);
        _upstream.Next(stream ? new UpstreamScript().Tokens(3).CutByFin() : new UpstreamScript().Complete());
        using var client = await RawClient.PostAsync(relay, caller.Key, Ask(stream ? ""","stream":true""" : ""), "Connection: close\r\n", Path);

        await client.ReadToEndAsync();

        Assert.Equal(stream ? 200 : 503, client.Status);
        Assert.Contains(stream ? "upstream_error" : "usage_not_recorded", client.Text, StringComparison.Ordinal);
        _upstream.InBackground.End();
        await SettledAsync(relay, caller);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    private static string Ask(string more = "", bool background = true) =>
        $$"""{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_text","text":"one two three four"}]}]{{(background ? ",\"background\":true" : "")}}{{more}}}""";

    private static bool IsSettled(LogLine line) => line.Text.Contains("its response in the background is over", StringComparison.Ordinal);

    private static Task<LogLine> SettledAsync(RelayApplication relay, RelayCaller caller) =>
        relay.Logs.FindAsync(line => IsSettled(line) && string.Equals(line["KeyId"], caller.Key.Id, StringComparison.Ordinal));

    private async Task ReadAsync(RelayCaller caller, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var response = await RelayCaller.SendAsync(caller.Request($"{Path}/{_upstream.InBackground.Id}"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await response.Content.ReadAsStringAsync();
        }
    }

    private async Task<RelayApplication> StartAsync(params (string Name, string Value)[] settings) =>
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,

            // Long enough that no settle goes by way of the outbox, however slow the machine is.
            RelaySetup.With([
                .. settings.Concat([("Relay:Background:PollSeconds", "0.05"), ("Relay:Admission:SettleSeconds", "60")]).DistinctBy(setting => setting.Item1, StringComparer.Ordinal),
            ]) with
            {
                DataDirectory = _data,
            });

    private async Task StopAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
            _relay = null;
        }
    }
}
