using Relay.Grains.Ledger;
using Relay.Grains.Usage;

namespace Relay.Testing;

/// <summary>A ledger in memory with the database's rules, which fails when it is told to.</summary>
public sealed class MemoryLedger : IUsageLedger
{
    private readonly Lock _lock = new();
    private readonly List<UsageEntry> _entries = [];
    private readonly List<int> _batches = [];
    private readonly Dictionary<string, List<UsageEntry>> _dropped = new(StringComparer.Ordinal);
    private readonly List<(Guid RequestId, TaskCompletionSource Written)> _waiters = [];
    private int _failuresBefore;
    private int _failuresAfter;
    private Func<UsageEntry, bool> _rejected = static _ => false;
    private TaskCompletionSource? _blocked;
    private TaskCompletionSource _appendStarted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All committed entries, in the order of their commit.</summary>
    public IReadOnlyList<UsageEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>The sizes of the committed batches.</summary>
    public IReadOnlyList<int> Batches
    {
        get
        {
            lock (_lock)
            {
                return [.. _batches];
            }
        }
    }

    /// <summary>How many entries came that would have left a gap in their key's sequence: a fault of the grains, never of the ledger.</summary>
    public int GapsRefused { get; private set; }

    /// <summary>How many appends had an entry that was there already.</summary>
    public int ConflictsRefused { get; private set; }

    /// <summary>What each append awaits before it writes or refuses; nothing by default.</summary>
    public Func<IReadOnlyList<UsageEntry>, Task> BeforeWriting { get; set; } = static _ => Task.CompletedTask;

    /// <summary>What each question about many ids awaits before it is answered; nothing by default.</summary>
    public Func<Task> BeforeFindingMany { get; set; } = static () => Task.CompletedTask;

    /// <summary>What the reader of a key's tail, whose id it gets, awaits before it is read; nothing by default.</summary>
    public Func<string, Task> BeforeReadingTail { get; set; } = static _ => Task.CompletedTask;

    /// <summary>What happens after a tail was read, and before its reader has it; nothing by default.</summary>
    public Action AfterReadingTail { get; set; } = static () => { };

    /// <summary>Ends when the next append has begun.</summary>
    public Task AppendStarted
    {
        get
        {
            lock (_lock)
            {
                return _appendStarted.Task;
            }
        }
    }

    /// <summary>Lets that many appends throw before they write anything.</summary>
    public void FailBeforeWriting(int times) => Interlocked.Exchange(ref _failuresBefore, times);

    /// <summary>Lets that many appends throw although they have written everything.</summary>
    public void FailAfterWriting(int times) => Interlocked.Exchange(ref _failuresAfter, times);

    /// <summary>Lets every append fail that has such an entry.</summary>
    public void Reject(Func<UsageEntry, bool> rejected) => _rejected = rejected;

    /// <summary>Keeps appends waiting until <see cref="Unblock"/>.</summary>
    public void Block()
    {
        lock (_lock)
        {
            _blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _appendStarted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets the waiting appends go on.</summary>
    public void Unblock()
    {
        lock (_lock)
        {
            _blocked?.SetResult();
            _blocked = null;
        }
    }

    /// <summary>Ends when the call has an entry.</summary>
    public Task WaitForCallAsync(Guid requestId)
    {
        lock (_lock)
        {
            if (_entries.Exists(entry => entry.Settlement.Call.RequestId == requestId))
            {
                return Task.CompletedTask;
            }

            var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((requestId, written));
            return written.Task;
        }
    }

    /// <summary>Drops a key's entries up to and with a sequence, as retention does.</summary>
    public void Drop(string keyId, long lastSequence)
    {
        lock (_lock)
        {
            bool IsDropped(UsageEntry entry) => string.Equals(entry.KeyId, keyId, StringComparison.Ordinal) && entry.Sequence <= lastSequence;
            _dropped[keyId] = [.. _dropped.GetValueOrDefault(keyId, []), .. _entries.Where(IsDropped)];
            _entries.RemoveAll(IsDropped);
        }
    }

    /// <summary>When a key's newest call was reserved, or null.</summary>
    public DateTimeOffset? LastUsedAt(string keyId)
    {
        lock (_lock)
        {
            return _entries
                .Where(entry => string.Equals(entry.KeyId, keyId, StringComparison.Ordinal))
                .Max(static entry => (DateTimeOffset?)entry.Settlement.Call.ReservedAt);
        }
    }

    /// <inheritdoc />
    public async Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken)
    {
        Task? blocked;
        lock (_lock)
        {
            _appendStarted.TrySetResult();
            blocked = _blocked?.Task;
        }

        if (blocked is not null)
        {
            await blocked.WaitAsync(cancellationToken);
        }

        await BeforeWriting(entries);
        if (Interlocked.Decrement(ref _failuresBefore) >= 0)
        {
            throw new IOException("The ledger failed before it wrote, as the test told it to.");
        }

        lock (_lock)
        {
            Write(entries);
        }

        if (Interlocked.Decrement(ref _failuresAfter) >= 0)
        {
            throw new IOException("The ledger failed after it wrote, as the test told it to.");
        }
    }

    /// <inheritdoc />
    public Task ProbeAsync(CancellationToken cancellationToken) =>
        Interlocked.Decrement(ref _failuresBefore) >= 0
            ? Task.FromException(new IOException("The ledger takes no writes, as the test told it."))
            : Task.CompletedTask;

    /// <inheritdoc />
    public async Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken)
    {
        await BeforeReadingTail(keyId);
        IReadOnlyList<UsageEntry> tail =
        [
            .. Entries.Where(entry => string.Equals(entry.KeyId, keyId, StringComparison.Ordinal) && entry.Sequence > afterSequence).OrderBy(static entry => entry.Sequence),
        ];
        AfterReadingTail();
        return tail;
    }

    /// <inheritdoc />
    public Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_dropped.TryGetValue(keyId, out var dropped)
                ? new CarriedUsage(
                    dropped[^1].Sequence,
                    dropped.Max(static entry => entry.Settlement.Call.ReservedAt),
                    [
                        .. dropped.GroupBy(static entry => entry.Settlement.Call.Model, StringComparer.Ordinal).Select(static model =>
                            new ModelTotals(model.Key, model.Aggregate(default(UsageTotals), static (sum, entry) => sum + entry.Totals))),
                    ])
                : null);
        }
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UsageEntry>>(
        [
            .. Entries.Where(entry => entry.Settlement.Call.RequestId == requestId).OrderBy(static entry => entry.Part),
        ]);

    /// <inheritdoc />
    public async Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken)
    {
        await BeforeFindingMany();
        return [.. Entries.Where(entry => ids.Contains((entry.Settlement.Call.RequestId, entry.Part)))];
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken)
    {
        var entries = Entries;
        return Task.FromResult<IReadOnlyList<IReadOnlyList<UsageEntry>>>(
        [
            .. entries
                .Where(entry => entry.Part == 0
                    && string.Equals(entry.KeyId, keyId, StringComparison.Ordinal)
                    && entry.Sequence > afterSequence
                    && entry.Settlement.Call.ReservedAt >= reservedFrom
                    && entry.Settlement.Call.ReservedAt < reservedBefore)
                .OrderBy(entry => entry.Sequence)
                .Take(limit)
                .Select(first => entries
                    .Where(entry => entry.Settlement.Call.RequestId == first.Settlement.Call.RequestId)
                    .OrderBy(entry => entry.Part)
                    .ToList()),
        ]);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UsageRow>>(
        [
            .. Entries
                .Where(entry => !(entry.Settlement.Call.ReservedAt < query.From)
                    && !(entry.Settlement.Call.ReservedAt >= query.To)
                    && (query.User is null || string.Equals(entry.User, query.User, StringComparison.Ordinal))
                    && (query.Team is null || string.Equals(entry.Team, query.Team, StringComparison.Ordinal))
                    && query.Models?.Contains(entry.Settlement.Call.Model, StringComparer.Ordinal) is not false)
                .GroupBy(entry => GroupOf(entry, query.GroupBy), StringComparer.Ordinal)
                .OrderBy(static group => group.Key, StringComparer.Ordinal)
                .Select(static group => new UsageRow(
                    group.Key, group.Aggregate(default(UsageTotals), static (sum, entry) => sum + entry.Totals))),
        ]);

    private static string? GroupOf(UsageEntry entry, UsageGroup? group) => group switch
    {
        null => null,
        UsageGroup.User => entry.User,
        UsageGroup.Key => entry.KeyId,
        UsageGroup.Team => entry.Team,
        UsageGroup.Model => entry.Settlement.Call.Model,
        UsageGroup.Endpoint => entry.Settlement.Call.Endpoint,
        _ => throw new ArgumentOutOfRangeException(nameof(group), group, "There is no such group."),
    };

    private void Write(IReadOnlyList<UsageEntry> entries)
    {
        var written = new List<UsageEntry>(_entries);
        foreach (var entry in entries)
        {
            if (_rejected(entry))
            {
                throw new IOException($"The ledger refuses an entry of {entry.KeyId}, as the test told it to.");
            }

            if (entry.Sequence <= _dropped.GetValueOrDefault(entry.KeyId, []).Count
                || written.Exists(other => string.Equals(other.KeyId, entry.KeyId, StringComparison.Ordinal) && other.Sequence == entry.Sequence)
                || written.Exists(other => other.Settlement.Call.RequestId == entry.Settlement.Call.RequestId && other.Part == entry.Part))
            {
                ConflictsRefused++;
                throw new LedgerConflictException($"Entry {entry.Sequence} of {entry.KeyId}, or part {entry.Part} of its call, is there already.", null);
            }

            // No database has this rule; the grains have promised it.
            if (entry.Sequence != written.Count(other => string.Equals(other.KeyId, entry.KeyId, StringComparison.Ordinal)) + _dropped.GetValueOrDefault(entry.KeyId, []).Count + 1)
            {
                GapsRefused++;
                throw new IOException($"Entry {entry.Sequence} of {entry.KeyId} would leave a gap.");
            }

            written.Add(entry);
        }

        _entries.AddRange(entries);
        _batches.Add(entries.Count);
        foreach (var entry in entries)
        {
            _waiters.FindAll(waiter => waiter.RequestId == entry.Settlement.Call.RequestId)
                .ForEach(static waiter => waiter.Written.TrySetResult());
        }
    }
}
