using System.Buffers;
using System.Net;
using Relay.Frontend.Admission;
using Relay.Frontend.Journals;
using Relay.Grains.Admission;
using Relay.Grains.Usage;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>The ledger fails while calls run: they end well, their counts wait on disk, and are settled once when it is back.</summary>
public sealed class OutboxTests : IAsyncLifetime
{
    private readonly MemoryLedger _ledger = new();
    private readonly string _data = Directory.CreateTempSubdirectory("relay-outbox-").FullName;
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
    public async Task LedgerDown_CallsInFlight_EndWellAndAreCountedOnceWhenItIsBack()
    {
        var relay = await StartAsync();
        var (first, other) = (await RelayCaller.NewAsync(relay, null), await RelayCaller.NewAsync(relay, null));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stream = await OpenAsync(relay, first, gate, stream: true);
        using var body = await OpenAsync(relay, first, gate, stream: false);

        _ledger.FailBeforeWriting(int.MaxValue);
        gate.SetResult();
        await stream.ReadToEndAsync();
        await body.ReadToEndAsync();

        Assert.Contains("[DONE]", stream.Text, StringComparison.Ordinal);
        Assert.True(stream.EndedWell);
        Assert.Equal(200, body.Status);
        Assert.EndsWith("}", body.Text, StringComparison.Ordinal);
        Assert.Equal(2, (await relay.OutboxAsync()).Waiting);

        // The totals of this key are not known now; those of the other are.
        using var refused = await first.PostAsync(RelayCaller.Chat());
        Assert.Equal("server_is_overloaded", (await Errors.ReadAsync(refused, HttpStatusCode.ServiceUnavailable)).Code);
        Assert.Equal("1", refused.Headers.GetValues("retry-after").Single());

        // Those that come after it do not wait as long as it did: together they would for longer than this.
        await AssertRefusedAsync(first, times: 10).WaitAsync(TimeSpan.FromSeconds(60));

        using var admitted = await other.PostAsync(RelayCaller.Chat(model: ModelOf(other)));
        Assert.Equal(HttpStatusCode.OK, admitted.StatusCode);
        await admitted.Content.ReadAsStringAsync();
        Assert.Empty(_ledger.Entries);

        _ledger.FailBeforeWriting(0);
        await CallUntilAdmittedAsync(first);
        await CallUntilAdmittedAsync(other);
        Assert.Equal((0, 0), await relay.OutboxAsync());
        await AssertBilledAsync(3, first);
        await AssertBilledAsync(2, other);
        Assert.Equal(BilledOf(first) + BilledOf(other), _ledger.Entries.Aggregate(default(TokenUsage), (sum, entry) => sum + entry.Settlement.Usage));
    }

    [Fact]
    public async Task OutboxFull_NewCallsAreRefused_AndNoneInFlightIsDropped()
    {
        var relay = await StartAsync(("Relay:Outbox:Entries", "3"));
        var caller = await RelayCaller.NewAsync(relay, null);
        var late = await RelayCaller.NewAsync(relay, null);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var one = await OpenAsync(relay, caller, gate, stream: true);
        using var two = await OpenAsync(relay, caller, gate, stream: true);
        using var three = await OpenAsync(relay, caller, gate, stream: true);

        // Each call in flight may need a place, so that there is none for another.
        using (var beforehand = await late.PostAsync(RelayCaller.Chat()))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, beforehand.StatusCode);
        }

        _ledger.FailBeforeWriting(int.MaxValue);
        gate.SetResult();
        foreach (var client in new[] { one, two, three })
        {
            await client.ReadToEndAsync();
            Assert.True(client.EndedWell);
        }

        Assert.Equal(3, (await relay.OutboxAsync()).Waiting);
        using (var afterwards = await late.PostAsync(RelayCaller.Chat()))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, afterwards.StatusCode);
        }

        _ledger.FailBeforeWriting(0);
        await relay.Logs.FindAsync(line => line.Text.Contains("The outbox is empty again", StringComparison.Ordinal));
        await CallUntilAdmittedAsync(late);
        await AssertBilledAsync(3, caller);
        await AssertBilledAsync(1, late);
    }

    [Fact]
    public async Task Restart_WithAWaitingOutbox_SettlesIt()
    {
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, null);
        _ledger.FailBeforeWriting(int.MaxValue);
        await caller.AskAsync(RelayCaller.Chat(model: ModelOf(caller)));
        Assert.Equal(1, (await relay.OutboxAsync()).Waiting);
        await StopAsync();
        Assert.Empty(_ledger.Entries);

        _ledger.FailBeforeWriting(0);
        relay = await StartAsync();

        await relay.Logs.FindAsync(line => line.Text.Contains("The outbox is empty again", StringComparison.Ordinal));
        Assert.Equal((0, 0), await relay.OutboxAsync());
        Assert.Equal(BilledOf(caller), Assert.Single(_ledger.Entries).Settlement.Usage);
    }

    [Fact]
    public async Task Restart_OneKeysTotalsCannotBeRead_TheOthersCountsDoNotWaitForIt()
    {
        var relay = await StartAsync();
        var stuck = await RelayCaller.NewAsync(relay, null);
        _ledger.FailBeforeWriting(int.MaxValue);
        await stuck.AskAsync(RelayCaller.Chat());
        await StopAsync();

        _ledger.FailBeforeWriting(0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ledger.BeforeReadingTail = key =>
        {
            if (!string.Equals(key, stuck.Key.Id, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            reading.TrySetResult();
            return gate.Task;
        };
        relay = await StartAsync(("Relay:Admission:ReserveSeconds", "120"));
        try
        {
            await reading.Task.WaitAsync(TimeSpan.FromMinutes(1));

            // A count of another key comes while the one's is being sent.
            var other = await RelayCaller.NewAsync(relay, null);
            _ledger.FailBeforeWriting(int.MaxValue);
            await other.AskAsync(RelayCaller.Chat());
            Assert.Equal(2, (await relay.OutboxAsync()).Waiting);
            _ledger.FailBeforeWriting(0);

            await AssertWaitingAsync(1, relay);
            Assert.DoesNotContain(relay.Logs.All, line => line.Text.Contains($"Counts of {stuck.Key.Id} still wait", StringComparison.Ordinal));
        }
        finally
        {
            gate.SetResult();
        }

        await AssertWaitingAsync(0, relay);
        Assert.Equal(2, _ledger.Entries.Count);
    }

    [Fact]
    public async Task Start_WithAnEntryOfAKeyThatNeverWas_SetsItAsideAndShowsIt()
    {
        var now = new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
        var call = new CallFacts
        {
            RequestId = Guid.NewGuid(),
            ReservedAt = now,
            Endpoint = "/v1/chat/completions",
            Model = "gpt-4o",
            InputTokensHeld = 1,
            OutputTokensHeld = 1,
        };
        var line = new ArrayBufferWriter<byte>();
        new JournalLine<OutboxEntry>(
            new OutboxEntry("key_0000000000000000", new Settlement
            {
                Call = call,
                Usage = new TokenUsage { InputTokens = 7 },
                Source = UsageSource.Reported,
                Outcome = Outcome.Completed,
                HttpStatus = 200,
                Upstream = "default",
                StartedAt = now,
                EndedAt = now,
            }),
            Done: null).Write(line);
        var place = new OutboxPlace(_data);
        await File.WriteAllBytesAsync(place.File, line.WrittenMemory);

        var relay = await StartAsync();
        await relay.Logs.FindAsync(line => line.Text.Contains("The outbox is empty again", StringComparison.Ordinal));

        Assert.Equal((0, 1), await relay.OutboxAsync());
        Assert.Contains(call.RequestId.ToString(), await File.ReadAllTextAsync(place.SetAsideFile), StringComparison.Ordinal);
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task OutboxFull_OfTheCallersOwnCounts_SendsThemAndAdmits()
    {
        // After the first try, which fails, nothing but a new call sends what waits.
        var relay = await StartAsync(("Relay:Outbox:Entries", "1"), ("Relay:Outbox:RetrySeconds", "60"));
        var caller = await RelayCaller.NewAsync(relay, null);
        _ledger.FailBeforeWriting(int.MaxValue);
        await caller.AskAsync(RelayCaller.Chat(model: ModelOf(caller)));
        await relay.Logs.FindAsync(line => line.Text.Contains("still wait", StringComparison.Ordinal));
        Assert.Equal(1, (await relay.OutboxAsync()).Waiting);

        _ledger.FailBeforeWriting(0);
        await CallUntilAdmittedAsync(caller);

        Assert.Equal((0, 0), await relay.OutboxAsync());
        await AssertBilledAsync(2, caller);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LedgerDown_AndTheOutboxCannotBeWritten_NoAnswerEndsNormally(bool stream)
    {
        const string FullDevice = "/dev/full";
        Skip.IfNot(File.Exists(FullDevice), "This system has no device that is always full.");
        File.CreateSymbolicLink(new OutboxPlace(_data).File, FullDevice);
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, null);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var client = await OpenAsync(relay, caller, gate, stream);

        _ledger.FailBeforeWriting(int.MaxValue);
        gate.SetResult();
        await client.ReadToEndAsync();

        Assert.Equal(stream ? 200 : 503, client.Status);
        Assert.DoesNotContain("[DONE]", client.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"choices\"", stream ? "" : client.Text, StringComparison.Ordinal);
        Assert.Contains("\"error\"", client.Text, StringComparison.Ordinal);
        Assert.False(stream && client.EndedWell);
        Assert.Equal((0, 0), await relay.OutboxAsync());
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task Start_WithGarbageAndATornLastLine_SetsTheGarbageAsideAndSettlesTheRest()
    {
        const string Garbage = "0badc0de {\"waits\":";
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, null);
        _ledger.FailBeforeWriting(int.MaxValue);
        await caller.AskAsync(RelayCaller.Chat(model: ModelOf(caller)));
        await StopAsync();
        var place = new OutboxPlace(_data);
        var line = await File.ReadAllTextAsync(place.File);
        await File.WriteAllTextAsync(place.File, $"{Garbage}\n{line}{line[..(line.Length / 2)]}");

        _ledger.FailBeforeWriting(0);
        relay = await StartAsync();
        await relay.Logs.FindAsync(line => line.Text.Contains("The outbox is empty again", StringComparison.Ordinal));

        Assert.Equal((0, 1), await relay.OutboxAsync());
        Assert.Equal($"unreadable: {Garbage}\n", await File.ReadAllTextAsync(place.SetAsideFile));
        Assert.Equal(BilledOf(caller), Assert.Single(_ledger.Entries).Settlement.Usage);
    }

    [Fact]
    public async Task Start_TwiceWithGarbageWhileSomethingWaits_SetsItAsideOnce()
    {
        const string Garbage = "0badc0de {\"waits\":";
        var relay = await StartAsync();
        var caller = await RelayCaller.NewAsync(relay, null);
        _ledger.FailBeforeWriting(int.MaxValue);
        await caller.AskAsync(RelayCaller.Chat(model: ModelOf(caller)));
        await StopAsync();
        var place = new OutboxPlace(_data);
        await File.WriteAllTextAsync(place.File, $"{Garbage}\n{await File.ReadAllTextAsync(place.File)}");

        await StartAsync();
        await StopAsync();
        relay = await StartAsync();

        Assert.Equal((1, 1), await relay.OutboxAsync());
        Assert.Equal($"unreadable: {Garbage}\n", await File.ReadAllTextAsync(place.SetAsideFile));
    }

    /// <summary>Sooner or later so many counts wait in the outbox.</summary>
    private static async Task AssertWaitingAsync(int count, RelayApplication relay)
    {
        const int TriesMax = 300;
        for (var i = 0; i < TriesMax; i++)
        {
            if ((await relay.OutboxAsync()).Waiting == count)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }

        Assert.Equal(count, (await relay.OutboxAsync()).Waiting);
    }

    private static string ModelOf(RelayCaller caller) => $"model-of-{caller.Key.Id}";

    /// <summary>Calls as a client does that is told to come again. Each try waits for what the key still has in the outbox.</summary>
    private static async Task CallUntilAdmittedAsync(RelayCaller caller)
    {
        const int TriesMax = 50;
        for (var i = 0; i < TriesMax; i++)
        {
            using var response = await caller.PostAsync(RelayCaller.Chat(model: ModelOf(caller)));
            await response.Content.ReadAsStringAsync();
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                return;
            }
        }

        Assert.Fail("No call was admitted although the ledger is back.");
    }

    private TokenUsage BilledOf(RelayCaller caller) => _upstream.Bill.TotalOf(ModelOf(caller));

    private async Task AssertBilledAsync(int requests, RelayCaller caller)
    {
        var (ofKey, ofUser) = (await caller.UsageAsync(), await caller.UserUsageAsync());
        Assert.Equal((requests, BilledOf(caller)), (ofKey.Requests, ofKey.Tokens));
        Assert.Equal((requests, BilledOf(caller)), (ofUser.Requests, ofUser.Tokens));
        Assert.All(ofKey.Limits, limit => Assert.Equal(0, limit.GetProperty("held").GetInt64()));
    }

    /// <summary>A call that the upstream has, and which ends when the gate is opened.</summary>
    private async Task<RawClient> OpenAsync(RelayApplication relay, RelayCaller caller, TaskCompletionSource gate, bool stream)
    {
        _upstream.Next(stream ? new UpstreamScript().Tokens(2).WaitFor(gate).Complete() : new UpstreamScript().WaitFor(gate).Complete());
        var client = await RawClient.PostAsync(
            relay, caller.Key, RelayCaller.Chat(stream ? "\"stream\":true" : "", ModelOf(caller)), "Connection: close\r\n");
        await _upstream.RequestReceivedAsync();
        return client;
    }

    private static async Task AssertRefusedAsync(RelayCaller caller, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var next = await caller.PostAsync(RelayCaller.Chat());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, next.StatusCode);
        }
    }

    private async Task<RelayApplication> StartAsync(params (string Name, string Value)[] settings) =>
        _relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,
            RelaySetup.With(
            [
                .. settings.Concat([("Relay:Admission:SettleSeconds", "0.5"), ("Relay:Outbox:RetrySeconds", "0.05")])
                    .DistinctBy(setting => setting.Item1, StringComparer.Ordinal),
            ]) with
            {
                Ledger = _ledger,
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
