using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Ledger;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using Relay.Testing;

namespace Relay.Grains.Tests.Ledger;

public sealed class LedgerWriterTests : IAsyncDisposable
{
    private readonly MemoryLedger _ledger = new();
    private readonly LedgerWriter _writer;

    public LedgerWriterTests()
    {
        var options = Options.Create(new LedgerOptions { QueueRows = 100 });
        _writer = new LedgerWriter(_ledger, options, NullLogger<LedgerWriter>.Instance);
        _writer.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _ledger.Unblock();
        await _writer.StopAsync(CancellationToken.None);
        _writer.Dispose();
    }

    [Fact]
    public async Task AppendAsync_ManyWait_ShareOneCommit()
    {
        await BlockWithOneEntryAsync();
        var (ann, bob) = (_writer.Open(), _writer.Open());
        Task[] waiting =
        [
            .. Enumerable.Range(1, 20).Select(sequence => ann.AppendAsync(Entry("ann", sequence))),
            .. Enumerable.Range(1, 20).Select(sequence => bob.AppendAsync(Entry("bob", sequence))),
        ];

        _ledger.Unblock();
        await Task.WhenAll(waiting);

        Assert.Equal([1, 40], _ledger.Batches);
    }

    [Fact]
    public async Task AppendAsync_MoreWaitThanOneBatchTakes_SplitsThem()
    {
        using var writer = new LedgerWriter(
            _ledger, Options.Create(new LedgerOptions { QueueRows = 2_000 }), NullLogger<LedgerWriter>.Instance);
        var ann = writer.Open();
        var waiting = Enumerable.Range(1, 1_500).Select(sequence => ann.AppendAsync(Entry("ann", sequence))).ToArray();

        writer.Start();
        await Task.WhenAll(waiting);

        Assert.Equal([LedgerWriter.BatchRowsMax, 500], _ledger.Batches);
        await writer.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task AppendAsync_OneKeyFails_FailsThatKeyAlone()
    {
        _ledger.Reject(static entry => entry is { KeyId: "bob", Sequence: 2 });
        await BlockWithOneEntryAsync();
        var (ann, bob) = (_writer.Open(), _writer.Open());
        Task[] anns = [ann.AppendAsync(Entry("ann", 1)), ann.AppendAsync(Entry("ann", 2))];
        Task[] bobs = [bob.AppendAsync(Entry("bob", 1)), bob.AppendAsync(Entry("bob", 2)), bob.AppendAsync(Entry("bob", 3))];

        _ledger.Unblock();
        await Task.WhenAll(anns);

        foreach (var failed in bobs)
        {
            await Assert.ThrowsAsync<IOException>(() => failed);
        }

        Assert.DoesNotContain(_ledger.Entries, static entry => entry is { KeyId: "bob" });
        await Assert.ThrowsAsync<InvalidOperationException>(() => bob.AppendAsync(Entry("bob", 4)));
        await _writer.Open().AppendAsync(Entry("bob", 1));
    }

    [Fact]
    public async Task AppendAsync_EntriesQueuedBehindAFailure_FailToo()
    {
        var ann = _writer.Open();
        _ledger.Block();
        _ledger.FailBeforeWriting(1);
        var first = ann.AppendAsync(Entry("ann", 1));
        await _ledger.AppendStarted;
        var behind = ann.AppendAsync(Entry("ann", 2));

        _ledger.Unblock();

        await Assert.ThrowsAsync<IOException>(() => first);
        await Assert.ThrowsAsync<IOException>(() => behind);
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task IsCrowded_HalfOfTheQueueWaits_IsTrueUntilItIsWritten()
    {
        await BlockWithOneEntryAsync();
        var ann = _writer.Open();
        var waiting = Enumerable.Range(1, 49).Select(sequence => ann.AppendAsync(Entry("ann", sequence))).ToList();
        Assert.False(_writer.IsCrowded);

        waiting.Add(ann.AppendAsync(Entry("ann", 50)));
        Assert.True(_writer.IsCrowded);
        Assert.False(_writer.IsFull);

        _ledger.Unblock();
        await Task.WhenAll(waiting);
        Assert.False(_writer.IsCrowded);
    }

    [Fact]
    public async Task AppendAsync_QueueIsFull_Throws()
    {
        await BlockWithOneEntryAsync();
        var ann = _writer.Open();
        var waiting = Enumerable.Range(1, 100).Select(sequence => ann.AppendAsync(Entry("ann", sequence))).ToArray();

        Assert.True(_writer.IsFull);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _writer.Open().AppendAsync(Entry("bob", 1)));

        _ledger.Unblock();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task StopAsync_EntriesWait_WritesThemAndTakesNoMore()
    {
        await BlockWithOneEntryAsync();
        var ann = _writer.Open();
        var waiting = ann.AppendAsync(Entry("ann", 1));

        var stopped = _writer.StopAsync(CancellationToken.None);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _writer.Open().AppendAsync(Entry("bob", 1)));
        Assert.False(stopped.IsCompleted);
        _ledger.Unblock();
        await stopped;

        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(2, _ledger.Entries.Count);
    }

    [Fact]
    public async Task StopAsync_Cancelled_FailsWhatWaits()
    {
        await BlockWithOneEntryAsync();
        var waiting = _writer.Open().AppendAsync(Entry("ann", 1));

        await _writer.StopAsync(new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static UsageEntry Entry(string key, long sequence) => Calls.Draft(
        new Admission.CallFacts
        {
            RequestId = Guid.NewGuid(),
            ReservedAt = Calls.Noon,
            Endpoint = Calls.Endpoint,
            Model = Calls.Model,
            InputTokensHeld = 1,
            OutputTokensHeld = 1,
        },
        Calls.Tokens(1, 1)) with
    { KeyId = key, Sequence = sequence };

    /// <summary>Keeps the writer busy with one entry, so that the next ones wait for each other.</summary>
    private async Task BlockWithOneEntryAsync()
    {
        _ledger.Block();
        var first = _writer.Open().AppendAsync(Entry("first", 1));
        await _ledger.AppendStarted;
        Assert.False(first.IsCompleted);
    }
}
