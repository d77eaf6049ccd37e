using System.Globalization;
using Relay.Grains.Keys;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using Relay.Testing;

namespace Relay.Grains.Tests.Keys;

public sealed class KeyStartTests
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";

    private readonly MemoryLedger _ledger = new();

    [Fact]
    public async Task Read_NothingDropped_IsTheSnapshotAndTheEntriesAfterIt()
    {
        await FillAsync(5);
        var saved = new QuotaBookState { Sequence = 3 };

        var start = await ReadAsync(saved);

        Assert.Same(saved, start.State);
        Assert.Equal([4, 5], start.Tail.Select(static entry => entry.Sequence));
    }

    [Fact]
    public async Task Read_DroppedUpToTheSnapshot_IsTheSnapshotToo()
    {
        await FillAsync(5);
        _ledger.Drop(Key, 3);
        var saved = new QuotaBookState { Sequence = 3 };

        Assert.Same(saved, (await ReadAsync(saved)).State);
    }

    [Fact]
    public async Task Read_SnapshotLost_CountsAllInTotalAndNothingInOtherWindows()
    {
        await FillAsync(5);
        _ledger.Drop(Key, 3);

        var start = await ReadAsync(new QuotaBookState { OutputAverage = 9 });

        Assert.Equal((3, 9.0), (start.State.Sequence, start.State.OutputAverage));
        Assert.Equal(Calls.Noon, start.State.LastUsedAt);
        Assert.Equal(new UsageTotals(5, Calls.Tokens(15, 20)), TotalsOf(start));
        var month = Assert.Single(BookOf(start, new Limit(Metric.Requests, Window.Month, 9)).Usage(Calls.At(TimeSpan.Zero)).Limits);
        Assert.Equal(2, month.Used);
    }

    [Fact]
    public async Task Read_DroppedAndSnapshotLostWhileItReads_StillHasAll()
    {
        await FillAsync(5);
        var drops = new Queue<long>([2, 4]);
        _ledger.AfterReadingTail = () =>
        {
            if (drops.TryDequeue(out var sequence))
            {
                _ledger.Drop(Key, sequence);
            }
        };

        var start = await ReadAsync(new QuotaBookState());

        Assert.Equal(4, start.State.Sequence);
        Assert.Equal(new UsageTotals(5, Calls.Tokens(15, 20)), TotalsOf(start));
    }

    [Fact]
    public async Task Read_MoreModelsThanAWindowTellsApart_CountsTheRestTogether()
    {
        const int Models = WindowCounts.ModelsMax + 5;
        await FillAsync(Models, static sequence => $"model-{sequence.ToString(CultureInfo.InvariantCulture)}");
        _ledger.Drop(Key, Models);

        var start = await ReadAsync(new QuotaBookState());

        Assert.Equal(WindowCounts.ModelsMax + 1, start.State.Windows[0].Models.Count);
        Assert.Equal(5, start.State.Windows[0].Models.Single(static model => model.Model is WindowCounts.OtherModels).Requests);
        Assert.Equal(Models, TotalsOf(start).Requests);
    }

    private Task<KeyStart> ReadAsync(QuotaBookState saved) => KeyStart.ReadAsync(saved, _ledger, Key, CancellationToken.None);

    private Task FillAsync(int entries, Func<int, string>? modelOf = null) => _ledger.AppendAsync(
        [
            .. Enumerable.Range(1, entries).Select(sequence => Calls.Draft(
                new Grains.Admission.CallFacts
                {
                    RequestId = Calls.IdOf(sequence),
                    ReservedAt = Calls.Noon,
                    Endpoint = Calls.Endpoint,
                    Model = modelOf?.Invoke(sequence) ?? Calls.Model,
                    InputTokensHeld = 0,
                    OutputTokensHeld = 0,
                },
                Calls.Tokens(3, 4)) with
            { KeyId = Key, Sequence = sequence }),
        ],
        CancellationToken.None);

    private static UsageTotals TotalsOf(KeyStart start) => BookOf(start).Usage(Calls.At(TimeSpan.Zero)).Totals;

    private static QuotaBook BookOf(KeyStart start, params Limit[] limits)
    {
        var book = new QuotaBook(TimeZoneInfo.Utc, Calls.HoldTimeout, start.State) { Limits = [.. limits] };
        foreach (var entry in start.Tail)
        {
            book.Apply(entry);
        }

        return book;
    }
}
