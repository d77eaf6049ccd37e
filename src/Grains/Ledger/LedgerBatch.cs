using Microsoft.Extensions.Logging;
using Polly;
using Relay.Grains.Usage;
using Outcome = Relay.Grains.Usage.Outcome;

namespace Relay.Grains.Ledger;

/// <summary>
/// One batch on its way into the ledger. When it returns, every row is answered.
/// 1. It is sent in one transaction. After an unknown outcome the ledger is asked which rows it has; the others are sent again.
/// 2. A row that the ledger has, exactly, is committed. Where it has another one of the same part of the call, the call was
/// settled elsewhere.
/// 3. A conflict about none of its calls means that another activation took the sequence. This one is stale, and all its rows leave.
/// 4. Which activation that is, and which row the ledger refuses for any other reason, shows by halving the batch.
/// 5. A row that is refused alone is sent without its texts, and if that does not help its activation fails.
/// </summary>
/// <param name="ledger">The ledger.</param>
/// <param name="retry">How often, and how fast, the same rows are sent again.</param>
/// <param name="logger">Where the rows that did not commit at once are told of.</param>
/// <param name="abandoned">Ends everything: what is not answered by then fails.</param>
internal sealed partial class LedgerBatch(
    IUsageLedger ledger, ResiliencePipeline retry, ILogger logger, CancellationToken abandoned)
{
    // So many rows refused and none taken: it is the ledger that is at fault (a full disk), and no more rows are tried one by one.
    private const int RefusedAloneMax = 3;

    private readonly Stack<List<QueuedEntry>> _parts = [];
    private bool _isSplit;
    private int _refusedAlone;

    /// <summary>Called when rows are committed, before their callers are told.</summary>
    public required Action Committed { get; init; }

    /// <summary>Writes the rows; those of one activation are in the order of their sequences.</summary>
    public async Task WriteAsync(List<QueuedEntry> rows)
    {
        _parts.Push(rows);
        try
        {
            while (_parts.TryPop(out var part))
            {
                await WritePartAsync(Unanswered(part));
            }
        }
        catch (Exception exception)
        {
            // The ledger cannot even be read, or the silo stops: no row is to blame, and nobody knows what is written.
            LogBatchFailed(logger, exception, rows.Count(static row => !row.IsAnswered));
            Unanswered(rows).ForEach(row => row.Ledger.Fail(exception));
            Unanswered(rows);
        }
    }

    private async Task WritePartAsync(List<QueuedEntry> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        // 1. A part of a batch is not tried often: the batch was, and the rows of other keys wait.
        var failure = await SendAsync(rows, patiently: !_isSplit || rows.Count == 1);
        if (failure is null)
        {
            return;
        }

        if (await AnswerKnownAsync(rows))
        {
            // 2. Without these rows the others may go.
            _parts.Push(rows);
        }
        else if (failure is LedgerConflictException && rows.TrueForAll(row => row.Ledger == rows[0].Ledger))
        {
            // 3. Its sequences have no gap, so that not even the first of them is free.
            LogStale(logger, failure, rows[0].Entry.KeyId, rows.Count);
            rows[0].Ledger.Fail(Stale(rows[0]));
            Unanswered(rows);
        }
        else if (rows.Count > 1)
        {
            // 4. The first half first: an activation's rows stay in order, and leave the second half if the first fails.
            _isSplit = true;
            LogSplit(logger, failure, rows.Count);
            _parts.Push(rows[(rows.Count / 2)..]);
            _parts.Push(rows[..(rows.Count / 2)]);
        }
        else
        {
            // 5.
            await SendWithoutTextsAsync(rows[0], failure);
        }
    }

    /// <summary>Sends rows and acknowledges them. Answers why they could not be sent, or null.</summary>
    private async Task<Exception?> SendAsync(List<QueuedEntry> rows, bool patiently)
    {
        var again = false;
        async ValueTask SendOnceAsync(ResilienceContext context)
        {
            if (again)
            {
                await AnswerKnownAsync(rows);
            }

            again = true;
            var left = Unanswered(rows);
            if (left.Count > 0)
            {
                await ledger.AppendAsync([.. left.Select(static row => row.Entry)], context.CancellationToken);
                _refusedAlone = 0;
                Committed();
                left.ForEach(static row => row.Acknowledge(AppendOutcome.Committed));
            }
        }

        // On the writer's own context, so that a simulation can run it step by step.
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, abandoned);
        try
        {
            await (patiently ? retry : ResiliencePipeline.Empty).ExecuteAsync(SendOnceAsync, context);
            return null;
        }
        catch (Exception exception) when (!abandoned.IsCancellationRequested)
        {
            return exception;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Answers the rows whose part of the call the ledger has. False when there is none.</summary>
    private async Task<bool> AnswerKnownAsync(List<QueuedEntry> rows)
    {
        var unanswered = Unanswered(rows);
        var found = await ledger.FindManyAsync([.. unanswered.Select(static row => row.Id)], abandoned);
        var known = found.ToDictionary(static entry => (entry.Settlement.Call.RequestId, entry.Part));
        foreach (var ofActivation in unanswered.GroupBy(static row => row.Ledger))
        {
            var isMissing = false;
            foreach (var row in ofActivation)
            {
                if (!known.TryGetValue(row.Id, out var theirs))
                {
                    isMissing = true;
                }
                else if (!isMissing && row.Ledger.Failure is null && theirs == row.Entry)
                {
                    row.Acknowledge(AppendOutcome.Committed);
                }
                else
                {
                    AnswerSettled(row, theirs);
                }
            }
        }

        return known.Count > 0;
    }

    /// <summary>The call is settled by another row than this one: its sequence is not used, so that the activation cannot go on.</summary>
    private void AnswerSettled(QueuedEntry row, UsageEntry theirs)
    {
        LogSettledOtherwise(logger, row.Entry.Settlement.Call.RequestId, row.Entry.KeyId);
        row.Ledger.Fail(Stale(row));

        // Only an expiry is there, and this is the call's real count: the next activation books the difference.
        if (theirs.Settlement.Outcome == Outcome.Expired && row.Entry.Settlement.Outcome != Outcome.Expired)
        {
            row.Fail(row.Ledger.Failure!);
        }
        else
        {
            row.Acknowledge(AppendOutcome.SettledOtherwise);
        }
    }

    private async Task SendWithoutTextsAsync(QueuedEntry row, Exception failure)
    {
        try
        {
            // An outage looks like a bad row. Only a ledger that takes writes, and still not this row, proves that the row is to blame.
            await ledger.ProbeAsync(abandoned);
            if (await SendAsync([row], patiently: false) is null)
            {
                return;
            }

            await ledger.AppendAsync([LedgerForm.WithoutTexts(row.Entry)], abandoned);
            _refusedAlone = 0;
        }
        catch (Exception exception) when (!abandoned.IsCancellationRequested)
        {
            if (!await AnswerKnownAsync([row]))
            {
                LogRowFailed(logger, exception, row.Entry.KeyId, row.Entry.Settlement.Call.RequestId);
                row.Ledger.Fail(failure);
                row.Fail(failure);
                if (++_refusedAlone >= RefusedAloneMax)
                {
                    throw;
                }
            }

            return;
        }

        LogWithoutTexts(logger, failure, row.Entry.KeyId, row.Entry.Settlement.Call.RequestId);
        row.Ledger.Fail(Stale(row));
        row.Acknowledge(AppendOutcome.SettledOtherwise);
    }

    /// <summary>The rows that still have no answer. Those of an activation that has failed get it here.</summary>
    private static List<QueuedEntry> Unanswered(List<QueuedEntry> rows) => rows.FindAll(static row =>
    {
        if (row.Ledger.Failure is { } failure)
        {
            row.Fail(failure);
        }

        return !row.IsAnswered;
    });

    private static StaleActivationException Stale(QueuedEntry row) =>
        new($"The ledger does not have what this activation of {row.Entry.KeyId} wrote; the same call may be tried again.");
}
