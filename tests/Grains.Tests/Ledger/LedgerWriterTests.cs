using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Testing;
using static Relay.Grains.Tests.Ledger.Entries;

namespace Relay.Grains.Tests.Ledger;

public sealed class LedgerWriterTests : IAsyncDisposable
{
    private const string A = "key_a";
    private const string B = "key_b";
    private const string C = "key_c";

    private readonly MemoryLedger _ledger = new();
    private readonly LedgerOptions _options = new() { GatherMilliseconds = 0 };
    private readonly List<LedgerWriter> _writers = [];

    public async ValueTask DisposeAsync()
    {
        _ledger.BeforeWriting = static _ => Task.CompletedTask;
        foreach (var writer in _writers)
        {
            await writer.StopAsync(default);
            writer.Dispose();
        }
    }

    [Fact]
    public async Task Append_ManyKeys_CommitTogetherSorted()
    {
        var writer = Writer();
        var (a, b) = (writer.Open(), writer.Open());
        Task<AppendOutcome>[] answers =
            [b.AppendAsync(Entry(B, 1, 1)), a.AppendAsync(Entry(A, 1, 2)), b.AppendAsync(Entry(B, 2, 3)), a.AppendAsync(Entry(A, 2, 4))];

        writer.Start();

        Assert.All(await Task.WhenAll(answers), AssertCommitted);
        Assert.Equal([(A, 1), (A, 2), (B, 1), (B, 2)], _ledger.Entries.Select(static entry => (entry.KeyId, entry.Sequence)));
        Assert.Equal([4], _ledger.Batches);
    }

    [Fact]
    public async Task Append_MoreThanABatch_CommitsInSeveral()
    {
        var writer = Writer();
        var a = writer.Open();
        var answers = Enumerable.Range(1, 1_001).Select(i => a.AppendAsync(Entry(A, i, i))).ToList();

        writer.Start();

        Assert.All(await Task.WhenAll(answers), AssertCommitted);
        Assert.Equal([1_000, 1], _ledger.Batches);
    }

    [Fact]
    public async Task Append_UnknownOutcomeOfARowThatWasWritten_IsAcknowledgedOnce()
    {
        _ledger.FailAfterWriting(1);
        var a = Started().Open();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        AssertCommitted(await a.AppendAsync(Entry(A, 2, 2)));
        Assert.Equal([1, 2], _ledger.Entries.Select(static entry => entry.Sequence));
    }

    [Fact]
    public async Task Append_UnknownOutcomeOfARowThatWasNotWritten_IsSentAgain()
    {
        _ledger.FailBeforeWriting(LedgerWriter.AttemptsMax - 1);
        var a = Started().Open();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        Assert.Equal([Entry(A, 1, 1)], _ledger.Entries);
    }

    [Fact]
    public async Task Append_OutageEndsAfterTheLastTry_KeepsTheTextsOfTheRow()
    {
        _ledger.FailBeforeWriting(LedgerWriter.AttemptsMax);
        var a = Started().Open();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        Assert.Equal([Entry(A, 1, 1)], _ledger.Entries);
    }

    [Fact]
    public async Task Append_FirstTryCommitsOnlyWhileTheSecondIsUnderWay_IsAcknowledgedOnce()
    {
        // A transaction of which nobody knows ends late: between the question whether it has written and the second try.
        var tries = 0;
        _ledger.BeforeWriting = async rows =>
        {
            if (++tries == 1)
            {
                throw new IOException("The connection broke.");
            }

            if (tries == 2)
            {
                await _ledger.AppendAsync(rows, default);
            }
        };
        var a = Started().Open();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        Assert.Equal([Entry(A, 1, 1)], _ledger.Entries);
    }

    [Fact]
    public async Task Append_LedgerThatNeitherWritesNorReads_FailsAllAndBlamesNoRow()
    {
        var (tries, questions) = (0, 0);
        _ledger.BeforeWriting = _ => Down(ref tries);
        _ledger.BeforeFindingMany = () => Down(ref questions);
        var writer = Writer();
        var activations = Enumerable.Range(0, 100).Select(_ => writer.Open()).ToList();
        var answers = activations.Select((activation, i) => activation.AppendAsync(Entry($"key_{i}", 1, i))).ToList();

        writer.Start();

        foreach (var answer in answers)
        {
            await Assert.ThrowsAsync<IOException>(() => answer);
        }

        Assert.Equal(1, tries);
        Assert.Equal(LedgerWriter.AttemptsMax, questions);
        Assert.All(activations, static activation => Assert.NotNull(activation.Failure));
        Assert.Throws<StaleActivationException>(() => { _ = activations[0].AppendAsync(Entry("key_0", 2, 200)); });
    }

    [Fact]
    public async Task Append_LedgerThatReadsButDoesNotWrite_FailsAllWithoutTryingEachRow()
    {
        var tries = 0;
        _ledger.BeforeWriting = _ => Down(ref tries);
        var writer = Writer();
        var answers = Enumerable.Range(0, 1_000).Select(i => writer.Open().AppendAsync(Entry($"key_{i}", 1, i))).ToList();

        writer.Start();

        foreach (var answer in answers)
        {
            await Assert.ThrowsAsync<IOException>(() => answer);
        }

        Assert.InRange(tries, LedgerWriter.AttemptsMax + 1, 50);
    }

    [Fact]
    public async Task Append_EntryThatIsThereAlready_IsCommitted()
    {
        await _ledger.AppendAsync([Entry(A, 1, 1)], default);
        var a = Started().Open();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        AssertCommitted(await a.AppendAsync(Entry(A, 2, 2)));
        Assert.Equal(2, _ledger.Entries.Count);
    }

    [Fact]
    public async Task Append_CallThatWasSettledByAnotherEntry_IsAcknowledgedAndEndsTheActivation()
    {
        await _ledger.AppendAsync([Entry(A, 1, 1)], default);
        var a = Started().Open();

        Assert.Equal(AppendOutcome.SettledOtherwise, await a.AppendAsync(Entry(A, 2, 1)));

        Assert.IsType<StaleActivationException>(a.Failure);
        Assert.Equal([Entry(A, 1, 1)], _ledger.Entries);
    }

    [Fact]
    public async Task Append_CallThatOnlyExpiredElsewhere_IsSentToTheNextActivation()
    {
        await _ledger.AppendAsync([Entry(A, 1, 1, outcome: Outcome.Expired)], default);
        var a = Started().Open();

        await Assert.ThrowsAsync<StaleActivationException>(() => a.AppendAsync(Entry(A, 1, 1)));

        Assert.IsType<StaleActivationException>(a.Failure);
    }

    [Fact]
    public async Task Append_StaleActivationBesideOtherKeys_LeavesTheBatchAlone()
    {
        await _ledger.AppendAsync([Entry(B, 1, 100), Entry(B, 2, 2)], default);
        var writer = Writer();
        var (a, b, c) = (writer.Open(), writer.Open(), writer.Open());
        Task<AppendOutcome>[] good = [a.AppendAsync(Entry(A, 1, 10)), a.AppendAsync(Entry(A, 2, 11)), c.AppendAsync(Entry(C, 1, 12))];
        var first = b.AppendAsync(Entry(B, 1, 1));
        var settled = b.AppendAsync(Entry(B, 2, 2));
        var last = b.AppendAsync(Entry(B, 3, 3));

        writer.Start();

        Assert.All(await Task.WhenAll(good), AssertCommitted);
        await Assert.ThrowsAsync<StaleActivationException>(() => first);
        Assert.Equal(AppendOutcome.SettledOtherwise, await settled);
        await Assert.ThrowsAsync<StaleActivationException>(() => last);
        Assert.Equal(5, _ledger.Entries.Count);
        Assert.Equal(0, _ledger.GapsRefused);
    }

    [Fact]
    public async Task Append_StaleActivationWhoseCallsAreAllNew_FailsThemAllAndNoOtherKey()
    {
        await _ledger.AppendAsync([Entry(B, 1, 100)], default);
        var writer = Writer();
        var (a, b, c) = (writer.Open(), writer.Open(), writer.Open());
        Task<AppendOutcome>[] good = [a.AppendAsync(Entry(A, 1, 10)), a.AppendAsync(Entry(A, 2, 11)), c.AppendAsync(Entry(C, 1, 12))];
        Task<AppendOutcome>[] stale = [b.AppendAsync(Entry(B, 1, 1)), b.AppendAsync(Entry(B, 2, 2)), b.AppendAsync(Entry(B, 3, 3))];

        writer.Start();

        Assert.All(await Task.WhenAll(good), AssertCommitted);
        foreach (var answer in stale)
        {
            await Assert.ThrowsAsync<StaleActivationException>(() => answer);
        }

        Assert.Equal(4, _ledger.Entries.Count);
        Assert.Equal(0, _ledger.GapsRefused);
    }

    [Fact]
    public async Task Append_TwoActivationsOfAKeyAtOnce_OneCommitsAndTheOtherIsStale()
    {
        var writer = Writer();
        var (first, second) = (writer.Open(), writer.Open());
        Task<AppendOutcome>[] answers =
        [
            first.AppendAsync(Entry(A, 1, 1)), second.AppendAsync(Entry(A, 1, 2)),
            first.AppendAsync(Entry(A, 2, 3)), second.AppendAsync(Entry(A, 2, 4)),
        ];

        writer.Start();

        await Assert.ThrowsAsync<StaleActivationException>(() => Task.WhenAll(answers));
        Assert.Equal([true, false], new[] { first.Failure is null, second.Failure is null }.OrderDescending());
        Assert.Equal(answers.Where(static answer => answer.IsCompletedSuccessfully).Count(), _ledger.Entries.Count);
        Assert.Equal(2, _ledger.Entries.Count);
    }

    [Fact]
    public async Task Append_SiloStoppedInItsTransactionWhileAnotherTakesTheSequence_IsStale()
    {
        var (stopped, resumed) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ledger.BeforeWriting = rows =>
        {
            if (rows[0].Settlement.Call.RequestId != Entry(A, 1, 1).Settlement.Call.RequestId)
            {
                return Task.CompletedTask;
            }

            stopped.SetResult();
            return resumed.Task;
        };
        var old = Started().Open();
        var late = old.AppendAsync(Entry(A, 1, 1));
        var behind = old.AppendAsync(Entry(A, 2, 2));
        await stopped.Task;

        AssertCommitted(await Started().Open().AppendAsync(Entry(A, 1, 3)));
        resumed.SetResult();

        await Assert.ThrowsAsync<StaleActivationException>(() => late);
        await Assert.ThrowsAsync<StaleActivationException>(() => behind);
        Assert.Equal([Entry(A, 1, 3)], _ledger.Entries);
    }

    [Fact]
    public async Task Append_TextThatTheLedgerRefuses_IsCountedWithoutItBesideOtherKeys()
    {
        _ledger.Reject(static entry => entry.Settlement.Call.Model is "refused");
        var writer = Writer();
        var (a, b, c) = (writer.Open(), writer.Open(), writer.Open());
        Task<AppendOutcome>[] good = [a.AppendAsync(Entry(A, 1, 1)), b.AppendAsync(Entry(B, 1, 2)), c.AppendAsync(Entry(C, 1, 3))];
        var bad = b.AppendAsync(Entry(B, 2, 4, model: "refused"));

        writer.Start();

        Assert.All(await Task.WhenAll(good), AssertCommitted);
        Assert.Equal(AppendOutcome.SettledOtherwise, await bad);
        Assert.IsType<StaleActivationException>(b.Failure);
        var written = Assert.Single(_ledger.Entries, static entry => entry is { KeyId: B, Sequence: 2 });
        Assert.Equal("", written.Settlement.Call.Model);
        Assert.Equal(Entry(B, 2, 4).Totals, written.Totals);
        Assert.All(_ledger.Entries.Where(entry => entry != written), static entry => Assert.Equal("gpt-4o", entry.Settlement.Call.Model));
    }

    [Fact]
    public async Task Append_TextThatTheLedgerRefusesAndUnknownOutcomeWithoutIt_IsCountedOnce()
    {
        _ledger.Reject(static entry => entry.Settlement.Call.Model is "refused");
        _ledger.FailAfterWriting(1);
        var b = Started().Open();

        Assert.Equal(AppendOutcome.SettledOtherwise, await b.AppendAsync(Entry(B, 1, 4, model: "refused")));

        Assert.Single(_ledger.Entries);
    }

    [Fact]
    public async Task Append_EntryThatTheLedgerNeverTakes_FailsItsKeyAlone()
    {
        _ledger.Reject(static entry => entry is { KeyId: B, Sequence: 2 });
        var writer = Writer();
        var (a, b, c) = (writer.Open(), writer.Open(), writer.Open());
        Task<AppendOutcome>[] good = [a.AppendAsync(Entry(A, 1, 1)), b.AppendAsync(Entry(B, 1, 2)), c.AppendAsync(Entry(C, 1, 3))];
        var bad = b.AppendAsync(Entry(B, 2, 4));
        var behind = b.AppendAsync(Entry(B, 3, 5));

        writer.Start();

        Assert.All(await Task.WhenAll(good), AssertCommitted);
        await Assert.ThrowsAsync<IOException>(() => bad);
        await Assert.ThrowsAsync<IOException>(() => behind);
        Assert.Equal(3, _ledger.Entries.Count);
        Assert.Equal(0, _ledger.GapsRefused);
    }

    [Fact]
    public async Task Append_OneFailureOfARowThatIsAlone_DoesNotCostItItsTexts()
    {
        await _ledger.AppendAsync([Entry(A, 1, 100)], default);
        var failures = 1;
        _ledger.BeforeWriting = rows => rows is [{ KeyId: B }] && failures-- > 0 ? throw new IOException("Deadlock.") : Task.CompletedTask;
        var writer = Writer();
        var stale = writer.Open().AppendAsync(Entry(A, 1, 1));
        var good = writer.Open().AppendAsync(Entry(B, 1, 2));

        writer.Start();

        await Assert.ThrowsAsync<StaleActivationException>(() => stale);
        AssertCommitted(await good);
        Assert.Contains(Entry(B, 1, 2), _ledger.Entries);
    }

    [Fact]
    public async Task Append_FullQueue_ThrowsWhatTheFrontendKnows()
    {
        _options.QueueRows = 4;
        var writer = Writer();
        var a = writer.Open();
        List<Task> answers = [a.AppendAsync(Entry(A, 1, 1))];
        Assert.False(writer.IsCrowded);
        answers.Add(a.AppendAsync(Entry(A, 2, 2)));
        Assert.True(writer.IsCrowded);
        answers.Add(a.AppendAsync(Entry(A, 3, 3)));
        Assert.False(writer.IsFull);
        answers.Add(a.AppendAsync(Entry(A, 4, 4)));

        Assert.True(writer.IsFull);
        Assert.Throws<LedgerFullException>(writer.ThrowIfFull);
        Assert.Throws<LedgerFullException>(() => { _ = a.AppendAsync(Entry(A, 5, 5)); });

        // The fifth left a gap, so that the activation is over; those before it were promised nothing and fail with it.
        writer.Start();
        await Assert.ThrowsAsync<LedgerFullException>(() => Task.WhenAll(answers));
        Assert.Empty(_ledger.Entries);
    }

    [Fact]
    public async Task IsCrowded_EntryThatWaitsLongerThanAllowed_IsTrueUntilItIsCommitted()
    {
        _options.QueueSeconds = 3;
        var clock = new FakeTimeProvider();
        _ledger.Block();
        var started = _ledger.AppendStarted;
        var writer = Writer(clock);
        writer.Start();
        var answer = writer.Open().AppendAsync(Entry(A, 1, 1));
        await started;

        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(writer.IsCrowded);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(writer.IsCrowded);

        _ledger.Unblock();
        await answer;
        await writer.StopAsync(default);
        Assert.False(writer.IsCrowded);
    }

    [Fact]
    public async Task Stop_Cancelled_FailsWhatIsInFlightAndWhatWaits()
    {
        _ledger.Block();
        var started = _ledger.AppendStarted;
        var writer = Writer();
        writer.Start();
        var inFlight = writer.Open().AppendAsync(Entry(A, 1, 1));
        await started;
        var waiting = writer.Open().AppendAsync(Entry(B, 1, 2));

        await writer.StopAsync(new CancellationToken(canceled: true));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => inFlight);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Empty(_ledger.Entries);
        _ledger.Unblock();
    }

    private static Task Down(ref int count)
    {
        Interlocked.Increment(ref count);
        return Task.FromException(new IOException("The ledger is down."));
    }

    private static void AssertCommitted(AppendOutcome outcome) => Assert.Equal(AppendOutcome.Committed, outcome);

    private LedgerWriter Started()
    {
        var writer = Writer();
        writer.Start();
        return writer;
    }

    private LedgerWriter Writer(TimeProvider? clock = null)
    {
        var writer = new LedgerWriter(_ledger, Options.Create(_options), clock ?? new JumpingClock(), NullLogger<LedgerWriter>.Instance);
        _writers.Add(writer);
        return writer;
    }
}
