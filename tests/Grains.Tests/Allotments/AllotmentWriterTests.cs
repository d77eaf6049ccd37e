using Microsoft.Extensions.Logging.Abstractions;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Testing;

namespace Relay.Grains.Tests.Allotments;

public sealed class AllotmentWriterTests : IAsyncDisposable
{
    private static readonly LimitKey Tokens = LimitKey.Of(AccountId.Organization, new Limit(Metric.Tokens, Window.Total, 1000));

    private readonly List<int> _batches = [];
    private readonly AllotmentWriter _writer;

    public AllotmentWriterTests()
    {
        var store = new MemoryAllotments(static _ => true)
        {
            AfterAsking = asks =>
            {
                _batches.Add(asks.Count);
                return Task.CompletedTask;
            },
        };

        // Nothing is written but for who waits.
        _writer = new AllotmentWriter(store, new MemoryLedger(), new RecordedWarnings(), NullLogger<AllotmentWriter>.Instance) { Pause = Timeout.InfiniteTimeSpan };
        _writer.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.StopAsync(CancellationToken.None);
        _writer.Dispose();
    }

    [Fact]
    public async Task Ask_NobodyWaits_SharesTheTransactionOfOneThatIsUrgent()
    {
        await _writer.AskAsync(Ask(0), isUrgent: true);
        _batches.Clear();

        var gathered = Enumerable.Range(1, 9).Select(key => _writer.AskAsync(Ask(key), isUrgent: false)).ToList();
        var awaited = await _writer.AskAsync(Ask(10), isUrgent: true);

        Assert.Equal(10, Assert.Single(awaited).Ceiling);
        await Task.WhenAll(gathered);
        Assert.Equal([10], _batches);
    }

    [Fact]
    public async Task Hurry_SomeoneWaitsForWhatWasAskedBefore_IsWritten()
    {
        var asked = _writer.AskAsync(Ask(0), isUrgent: false);

        _writer.Hurry();

        await asked;
    }

    [Fact]
    public async Task Ask_MoreThanOneTransactionTakesBeforeOneThatIsUrgent_IsWritten()
    {
        var before = Enumerable.Range(1, AllotmentWriter.BatchKeysMax).Select(key => _writer.AskAsync(Ask(key), isUrgent: false)).ToList();

        await _writer.AskAsync(Ask(AllotmentWriter.BatchKeysMax + 1), isUrgent: true);

        await Task.WhenAll(before);
    }

    [Fact]
    public async Task Stop_SomeAreGathered_WritesThem()
    {
        var asked = _writer.AskAsync(Ask(0), isUrgent: false);

        await _writer.StopAsync(CancellationToken.None);

        Assert.Single(await asked);
    }

    private static KeyAsk Ask(int key) => new(
        new KeyClaim($"key_{key}", "silo", 1),
        [
            new RoomAsk
            {
                Limit = Tokens,
                Amount = 1000,
                Window = new WindowBounds(DateTimeOffset.MinValue, null),
                Used = 0,
                Held = 0,
                Needed = key,
            },
        ]);
}
