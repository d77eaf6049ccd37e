using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>
/// The calls of one activation of a key, each counted exactly once, however often and in whatever order its messages arrive.
/// Whatever waits for the ledger about one call is a <see cref="CallStep"/>, and a call has one at a time; whatever else
/// changes the book does so in one step, without awaiting. Only the ledger says whether a call is settled.
/// </summary>
/// <param name="book">The activation's book.</param>
/// <param name="ledger">Where what is settled is read.</param>
/// <param name="writer">Where it is written.</param>
/// <param name="prices">What entries are priced by.</param>
/// <param name="clock">The time.</param>
/// <param name="logger">The grain's log.</param>
internal sealed partial class KeyCalls(
    QuotaBook book, IUsageLedger ledger, LedgerWriter writer, CurrentPrices prices, Func<Instant> clock, ILogger logger)
{
    // A frontend's death expires all its calls at once; each asks the ledger a question.
    private const int ExpiriesAtOnce = 64;

    // Nothing so young was ever dropped from the ledger: retention is of seven days at least.
    private static readonly TimeSpan NeverDroppedAge = TimeSpan.FromDays(1);

    private readonly KeyLedger _keyLedger = writer.Open();
    private readonly Dictionary<Guid, CallStep> _steps = [];
    private readonly ReleasedCalls _released = new(book.HoldTimeout);

    /// <summary>The key's id.</summary>
    public required string KeyId { get; init; }

    /// <summary>Called once, when this activation must end: the next one starts from the ledger.</summary>
    public required Action<Exception> SteppedDown { get; init; }

    /// <summary>Called when an entry was committed and is counted.</summary>
    public required Action Committed { get; init; }

    /// <summary>Whether this activation ends: it admits and settles nothing any more.</summary>
    public bool IsSteppedDown { get; private set; }

    /// <summary>Ends when no call waits for the ledger any more; fails when one of them did.</summary>
    public Task Settled => Task.WhenAll(_steps.Values.Select(static step => step.Done));

    /// <summary>Whether something about that call waits for the ledger.</summary>
    public bool IsBusy(Guid requestId) => _steps.ContainsKey(requestId);

    /// <summary>Whether that call was released not long ago: it must not be held any more.</summary>
    public bool IsReleased(Guid requestId, Instant now) => _released.Contains(requestId, now.Monotonic);

    /// <summary>See <see cref="IKeyGrain.RenewAsync"/>. True when a hold was made anew.</summary>
    public async Task<bool> RenewAsync(IReadOnlyCollection<HoldRenewal> renewals)
    {
        ThrowIfSteppedDown();

        // A step that runs either ends the call or rebuilds its hold.
        var now = clock();
        var unknown = renewals
            .Where(renewal => !book.Renew(renewal, now) && !IsBusy(renewal.Hold.RequestId) && !IsReleased(renewal.Hold.RequestId, now))
            .DistinctBy(static renewal => renewal.Hold.RequestId)
            .ToList();
        if (unknown.Count == 0)
        {
            return false;
        }

        // One question for all: after a silo's death each frontend tells of all its calls at once.
        var found = SeeAsync(ledger.FindManyAsync([.. unknown.Select(static renewal => (renewal.Hold.RequestId, Part: 0))], CancellationToken.None));
        await Task.WhenAll(unknown.Select(renewal =>
            RunStepAsync(renewal.Hold.RequestId, CallStepKind.Rebuild, () => RebuildAsync(renewal, found))));
        return unknown.Exists(renewal => book.Find(renewal.Hold.RequestId) is not null);
    }

    /// <summary>See <see cref="IKeyGrain.SettleAsync"/>.</summary>
    public async Task<SettleResult> SettleAsync(KeySettings settings, Settlement settlement)
    {
        var requestId = settlement.Call.RequestId;
        while (_steps.TryGetValue(requestId, out var step))
        {
            await step.Done;

            // The settle of an old call may have booked nothing, so that this one asks for itself.
            if (step.Kind == CallStepKind.Settle && !IsOld(settlement.Call))
            {
                return SettleResult.Settled;
            }
        }

        ThrowIfSteppedDown();
        var result = SettleResult.Settled;
        await RunStepAsync(requestId, CallStepKind.Settle, async () =>
        {
            if (book.Find(requestId) is null)
            {
                result = await SettleUnknownAsync(settings, settlement);
            }
            else
            {
                await CommitAsync(UsageEntryDraft.First(settings, settlement, prices.Book));
            }
        });
        return result;
    }

    /// <summary>
    /// Settles a call in one step of the caller's, who keeps all turns out meanwhile; false when that is not possible, and nothing has
    /// changed. The rest follows the commit, on whatever thread tells of it, with the turns kept out again.
    /// </summary>
    public bool TrySettle(KeySettings settings, Settlement settlement, KeyTurns turns, [NotNullWhen(true)] out Task<SettleResult>? settled)
    {
        settled = null;
        var requestId = settlement.Call.RequestId;
        if (IsBusy(requestId) || writer.IsFull || book.Find(requestId) is null)
        {
            return false;
        }

        var settle = new LocalSettle(this, book.BeginSettle(UsageEntryDraft.First(settings, settlement, prices.Book), clock()), turns);
        _steps.Add(requestId, new CallStep(CallStepKind.Settle, settle.Task));
        settle.Begin(_keyLedger);
        settled = settle.Task;
        return true;
    }

    /// <summary>See <see cref="IKeyGrain.ReleaseAsync"/>.</summary>
    public async ValueTask ReleaseAsync(Guid requestId)
    {
        ThrowIfSteppedDown();

        // Before anything is awaited, so that no message that is under way or comes later makes a hold.
        _released.Add(requestId, clock().Monotonic);
        while (_steps.TryGetValue(requestId, out var step))
        {
            await step.Done;
        }

        ThrowIfSteppedDown();
        if (!book.Release(requestId))
        {
            await RunStepAsync(requestId, CallStepKind.Reverse, () => ReverseAsync(requestId));
        }
    }

    /// <summary>Counts the calls whose deadline has passed. Throws when it could not for one of them; it may be called again.</summary>
    public async Task ExpireAsync(KeySettings settings)
    {
        foreach (var holds in book.Expired(clock()).Chunk(ExpiriesAtOnce))
        {
            await Task.WhenAll(holds
                .Select(static hold => hold.Call.RequestId)
                .Where(requestId => !IsBusy(requestId) && !IsSteppedDown && !writer.IsFull)
                .Select(requestId => RunStepAsync(requestId, CallStepKind.Expire, () => ExpireAsync(settings, requestId))));
        }
    }

    /// <summary>
    /// Counts what other activations have written since this one has read the ledger. Steps down when that cannot be told apart from
    /// what it writes itself. An entry of its own that is committed proves by its sequence that there is no other before it.
    /// </summary>
    public async Task CatchUpAsync()
    {
        ThrowIfSteppedDown();
        var tail = await ledger.ReadTailAsync(KeyId, book.CommittedSequence, CancellationToken.None);
        ThrowIfSteppedDown();
        foreach (var entry in tail.Where(IsAhead).Where(entry => !book.IsPending(entry)))
        {
            if (!book.CanApply(entry))
            {
                StepDown(new StaleActivationException($"Another activation of {KeyId} has written sequence {entry.Sequence}; the same call may be tried again."));
                ThrowIfSteppedDown();
            }

            book.Apply(entry);
        }
    }

    /// <summary>
    /// A copy of the committed counts; null when there may be something in it that the ledger does not have: an activation
    /// that was found stale, or wrote an entry otherwise than it counts it, knows so before it can ask here.
    /// </summary>
    public QuotaBookState? TakeSnapshot() =>
        IsSteppedDown || _keyLedger.Failure is not null ? null : book.ToSnapshot();

    /// <summary>
    /// The holds of all running calls, for the key's next owner; null when they are not all that is known of running calls: an
    /// activation that steps down may have lost some.
    /// </summary>
    public ImmutableArray<HoldRenewal>? HandOver() =>
        IsSteppedDown || _keyLedger.Failure is not null || _steps.Count > 0
            ? null
            : [.. book.Holds.Select(static hold => new HoldRenewal(hold.Call, hold.UsageSoFar))];

    /// <summary>See <see cref="IKeyGrain.GetPositionAsync"/>.</summary>
    public KeyPosition GetPosition()
    {
        ThrowIfSteppedDown();
        return new KeyPosition(book.CommittedSequence, book.Usage(clock()).Totals);
    }

    /// <summary>Ends this activation: what it believes may differ from the ledger or the directory, and the next one reads both.</summary>
    public void StepDown(Exception reason)
    {
        if (!IsSteppedDown)
        {
            IsSteppedDown = true;
            SteppedDown(reason);
        }
    }

    /// <summary>Whether this activation neither ends nor must.</summary>
    public bool CanGoOn => !IsSteppedDown && _keyLedger.Failure is null;

    /// <summary>Sends the caller to the next activation when this one ends.</summary>
    /// <exception cref="StaleActivationException">It ends.</exception>
    public void ThrowIfSteppedDown()
    {
        if (!IsSteppedDown && _keyLedger.Failure is { } failure)
        {
            StepDown(failure);
        }

        if (IsSteppedDown)
        {
            throw new StaleActivationException("The key's grain is starting anew; the same call may be tried again.");
        }
    }

    /// <summary>Settles a call without a hold: an activation before this one held it, it expired, or it is settled. Only the ledger knows.</summary>
    private async Task<SettleResult> SettleUnknownAsync(KeySettings settings, Settlement settlement)
    {
        var booked = new BookedCall(await FindAsync(settlement.Call.RequestId));
        if (booked.IsEmpty && await MayBeDroppedAsync(settlement.Call))
        {
            LogTooOld(logger, settlement.Call.RequestId, settings.Id);
            return SettleResult.TooOld;
        }

        ThrowIfSteppedDown();
        if (booked.IsEmpty)
        {
            await CommitAsync(UsageEntryDraft.First(settings, settlement, prices.Book));
        }
        else if (booked.Expired is not null)
        {
            await CommitAsync(UsageEntryDraft.Difference(booked, settlement, prices.Book));
        }

        return SettleResult.Settled;
    }

    private Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId) => SeeAsync(ledger.FindAsync(requestId, CancellationToken.None));

    /// <summary>
    /// What the ledger answers about calls of which no step runs, as far as this book counts it: whatever of this book is committed is
    /// committed here too by then, so that a later sequence is another activation's.
    /// </summary>
    private async Task<IReadOnlyList<UsageEntry>> SeeAsync(Task<IReadOnlyList<UsageEntry>> asked)
    {
        var entries = await asked;
        ThrowIfSteppedDown();
        if (entries.Any(IsAhead))
        {
            await CatchUpAsync();
        }

        return entries;
    }

    private bool IsAhead(UsageEntry entry) =>
        entry.Sequence > book.CommittedSequence && string.Equals(entry.KeyId, KeyId, StringComparison.Ordinal);

    /// <summary>Makes the hold of a running call anew, unless the call was settled: that one must stay dead.</summary>
    private async Task RebuildAsync(HoldRenewal renewal, Task<IReadOnlyList<UsageEntry>> settled)
    {
        var entries = await settled;
        var isOver = entries.Any(entry => entry.Settlement.Call.RequestId == renewal.Hold.RequestId) || await MayBeDroppedAsync(renewal.Hold);
        ThrowIfSteppedDown();
        if (!isOver && !IsReleased(renewal.Hold.RequestId, clock()))
        {
            book.Rebuild(renewal, clock());
        }
    }

    /// <summary>
    /// Whether a call without an entry may have had one. Asked after the entry was looked for, so that one that was dropped before
    /// that is told here.
    /// </summary>
    private async Task<bool> MayBeDroppedAsync(CallFacts call) =>
        IsOld(call) && await ledger.ReadCarriedAsync(KeyId, CancellationToken.None) is { } carried && carried.MayInclude(call);

    private bool IsOld(CallFacts call) => clock().Wall - call.ReservedAt > NeverDroppedAge;

    /// <summary>Counts a call whose frontend fell silent, unless it was settled or renewed meanwhile.</summary>
    private async Task ExpireAsync(KeySettings settings, Guid requestId)
    {
        // A reserve that arrived again after its settle holds for a call that is over. A release may come while this is asked.
        var entries = await FindAsync(requestId);
        if (entries.Count > 0 || IsReleased(requestId, clock()))
        {
            book.Release(requestId);
            return;
        }

        var now = clock();
        if (book.Find(requestId) is { } hold && hold.Deadline <= now.Monotonic)
        {
            LogExpired(logger, requestId, settings.Id);
            await CommitAsync(UsageEntryDraft.Expired(settings, hold, now.Wall, prices.Book));
        }
    }

    /// <summary>Takes back what a call's expiry has counted, when its release says too late that it was never sent.</summary>
    private async Task ReverseAsync(Guid requestId)
    {
        var booked = new BookedCall(await FindAsync(requestId));
        if (booked.Expired is not null)
        {
            LogReversed(logger, requestId, KeyId);
            await CommitAsync(UsageEntryDraft.Reversal(booked, clock().Wall));
        }
    }

    /// <summary>The ledger first; the totals follow. No caller can cancel it.</summary>
    private async Task CommitAsync(UsageEntry draft)
    {
        // Before the book has changed, so that the hold stays for the frontend's retry.
        writer.ThrowIfFull();
        var entry = book.BeginSettle(draft, clock());
        AppendOutcome outcome;
        try
        {
            outcome = await _keyLedger.AppendAsync(entry);
        }
        catch (Exception exception)
        {
            StepDown(exception);
            throw;
        }

        if (outcome == AppendOutcome.SettledOtherwise)
        {
            // The call is in the ledger, so that its caller is done; but not as this book has it.
            StepDown(_keyLedger.Failure!);
            return;
        }

        book.Commit(entry.Sequence);
        Committed();
    }

    /// <summary>As <see cref="CommitAsync"/> and the end of <see cref="RunStepAsync"/>, for <see cref="LocalSettle"/>.</summary>
    public void Finish(UsageEntry entry, AppendOutcome outcome)
    {
        _steps.Remove(entry.Settlement.Call.RequestId);
        if (outcome == AppendOutcome.Committed)
        {
            book.Commit(entry.Sequence);
            Committed();
        }
        else
        {
            StepDown(_keyLedger.Failure!);
        }
    }

    /// <summary>The same where nobody knows what became of the entry.</summary>
    public void Abandon(UsageEntry entry, Exception failure)
    {
        _steps.Remove(entry.Settlement.Call.RequestId);
        StepDown(failure);
    }

    /// <summary>Runs the only step of a call. The step is forgotten before those who wait for it go on.</summary>
    private async Task RunStepAsync(Guid requestId, CallStepKind kind, Func<Task> step)
    {
        var done = new TaskCompletionSource();
        _steps.Add(requestId, new CallStep(kind, done.Task));
        try
        {
            await step();
            _steps.Remove(requestId);
            done.SetResult();
        }
        catch (Exception exception)
        {
            _steps.Remove(requestId);
            done.SetException(exception);

            // Nobody else may be waiting; the caller has it anyway.
            _ = done.Task.Exception;
            throw;
        }
    }
}
