using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>
/// Writes all entries of a silo, so that many calls share one commit. One batch is in flight at a time, which keeps each
/// key's entries in order.
/// </summary>
internal sealed partial class LedgerWriter(
    IUsageLedger ledger, IOptions<LedgerOptions> options, ILogger<LedgerWriter> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The most entries of one transaction.</summary>
    public const int BatchRowsMax = 1_000;

    private readonly Channel<QueuedEntry> _queue = Channel.CreateBounded<QueuedEntry>(
        new BoundedChannelOptions(options.Value.QueueRows) { SingleReader = true });

    private readonly CancellationTokenSource _abandoned = new();
    private Task _writing = Task.CompletedTask;

    /// <summary>Whether so much waits that new calls should not be admitted.</summary>
    public bool IsCrowded => _queue.Reader.Count >= options.Value.QueueRows / 2;

    /// <summary>Whether the next append would most likely throw.</summary>
    public bool IsFull => _queue.Reader.Count >= options.Value.QueueRows;

    /// <inheritdoc />
    public void Participate(ISiloLifecycle lifecycle) =>
        // Starts before and stops after the grains, which come and go in the later stages.
        lifecycle.Subscribe(
            nameof(LedgerWriter),
            ServiceLifecycleStage.RuntimeServices,
            _ =>
            {
                Start();
                return Task.CompletedTask;
            },
            StopAsync);

    /// <summary>Begins to write.</summary>
    public void Start() => _writing = Task.Run(WriteAllAsync, CancellationToken.None);

    /// <summary>Writes what waits, and takes no more. When cancelled, what still waits fails.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await using (cancellationToken.Register(_abandoned.Cancel))
        {
            await _writing;
        }
    }

    /// <summary>Opens the ledger for one activation of a key.</summary>
    public KeyLedger Open() => new(this);

    /// <inheritdoc />
    public void Dispose() => _abandoned.Dispose();

    /// <summary>See <see cref="KeyLedger.AppendAsync"/>.</summary>
    /// <exception cref="InvalidOperationException">The queue is full, the silo stops, or an earlier entry of this activation failed.</exception>
    public Task AppendAsync(KeyLedger keyLedger, UsageEntry entry)
    {
        if (keyLedger.Failure is { } failure)
        {
            throw new InvalidOperationException("An earlier entry of this key could not be written.", failure);
        }

        var queued = new QueuedEntry(keyLedger, entry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_queue.Writer.TryWrite(queued))
        {
            var refusal = new InvalidOperationException("The silo takes no more usage entries: its queue is full, or it stops.");
            keyLedger.Fail(refusal);
            throw refusal;
        }

        return queued.Committed.Task;
    }

    private async Task WriteAllAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_abandoned.Token))
            {
                var batch = TakeBatch();
                if (batch.Count > 0)
                {
                    await WriteBatchAsync(batch);
                }
            }
        }
        catch (OperationCanceledException exception)
        {
            LogAbandoned(logger, _queue.Reader.Count);
            while (_queue.Reader.TryRead(out var queued))
            {
                queued.Fail(exception);
            }
        }
    }

    private List<QueuedEntry> TakeBatch()
    {
        var batch = new List<QueuedEntry>();
        while (batch.Count < BatchRowsMax && _queue.Reader.TryRead(out var queued))
        {
            if (queued.Ledger.Failure is { } failure)
            {
                queued.Fail(failure);
            }
            else
            {
                batch.Add(queued);
            }
        }

        return batch;
    }

    /// <summary>
    /// Writes one batch: together, else each activation's entries on their own, so that a bad entry fails its key alone.
    /// This is the place for finer answers to a conflict: an entry that is there already is committed, a sequence that
    /// another took means a stale activation. Today both fail the activation, and the next one finds the truth in the ledger.
    /// </summary>
    private async Task WriteBatchAsync(List<QueuedEntry> batch)
    {
        // A fixed order keeps two silos' transactions from waiting for each other crosswise.
        batch.Sort(static (left, right) =>
            string.CompareOrdinal(left.Entry.KeyId, right.Entry.KeyId) is var byKey and not 0
                ? byKey
                : left.Entry.Sequence.CompareTo(right.Entry.Sequence));

        var failure = await TryAppendAsync(batch);
        if (failure is null)
        {
            return;
        }

        var byLedger = batch.GroupBy(static queued => queued.Ledger).Select(static group => group.ToList()).ToList();
        if (byLedger.Count > 1)
        {
            LogBatchFailed(logger, failure, batch.Count, byLedger.Count);
        }

        foreach (var rows in byLedger)
        {
            var reason = byLedger.Count > 1 ? await TryAppendAsync(rows) : failure;
            if (reason is not null)
            {
                LogKeyFailed(logger, reason, rows.Count, rows[0].Entry.KeyId);
                rows[0].Ledger.Fail(reason);
                rows.ForEach(queued => queued.Fail(reason));
            }
        }
    }

    private async Task<Exception?> TryAppendAsync(List<QueuedEntry> rows)
    {
        try
        {
            await ledger.AppendAsync([.. rows.Select(static queued => queued.Entry)], _abandoned.Token);
        }
        catch (Exception exception)
        {
            return exception;
        }

        rows.ForEach(static queued => queued.Committed.TrySetResult());
        return null;
    }
}
