using System.Collections.Immutable;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Testing;

/// <summary>Allotments in memory with the database's rules.</summary>
/// <param name="isOwner">Whether a claim is the newest of its key.</param>
public sealed class MemoryAllotments(Func<KeyClaim, bool> isOwner) : IAllotmentStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(LimitKey Limit, DateTimeOffset WindowEnd), OpenWindow> _windows = [];

    /// <summary>What each ask awaits before it is done; nothing by default.</summary>
    public Func<IReadOnlyList<KeyAsk>, Task> BeforeAsking { get; set; } = static _ => Task.CompletedTask;

    /// <summary>What each ask awaits after it was done; nothing by default.</summary>
    public Func<IReadOnlyList<KeyAsk>, Task> AfterAsking { get; set; } = static _ => Task.CompletedTask;

    /// <summary>How many asks of keys were done.</summary>
    public int Asked { get; private set; }

    public async Task<IReadOnlyList<KeyAnswer>> AskAsync(
        IReadOnlyList<KeyAsk> asks, IReadOnlyList<int> warnAt, CancellationToken cancellationToken)
    {
        await BeforeAsking(asks);
        List<KeyAnswer> answers;
        lock (_lock)
        {
            answers = [.. asks.Select(ask => Answer(ask, warnAt))];
        }

        await AfterAsking(asks);
        return answers;
    }

    public Task OpenAsync(LimitKey limit, WindowBounds window, IReadOnlyList<Allotment> used, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _windows.TryAdd(
                (limit, window.End ?? DateTimeOffset.MaxValue),
                new OpenWindow { Rows = used.ToDictionary(static row => row.KeyId, StringComparer.Ordinal), Used = used.Sum(static row => row.Used) });
        }

        return Task.CompletedTask;
    }

    public Task<AllotmentSums?> FindAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<AllotmentSums?>(
                _windows.TryGetValue((limit, windowEnd), out var window) ? new AllotmentSums(window.Allotted, window.WouldRefuse) : null);
        }
    }

    public Task<IReadOnlyList<Allotment>> ListUnusedAsync(LimitKey limit, DateTimeOffset windowEnd, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Allotment>>([.. Rows(limit, windowEnd).Where(static row => row.Ceiling > row.Used)]);

    /// <summary>All rows of a window.</summary>
    public IReadOnlyList<Allotment> Rows(LimitKey limit, DateTimeOffset windowEnd)
    {
        lock (_lock)
        {
            return _windows.TryGetValue((limit, windowEnd), out var window) ? [.. window.Rows.Values] : [];
        }
    }

    private KeyAnswer Answer(KeyAsk ask, IReadOnlyList<int> warnAt)
    {
        Asked++;
        var notOpen = ask.Rooms.Where(room => !_windows.ContainsKey((room.Limit, room.WindowEnd))).ToImmutableArray();
        if (!notOpen.IsEmpty)
        {
            return new KeyAnswer { NotOpen = notOpen };
        }

        if (!isOwner(ask.Owner))
        {
            return new KeyAnswer { IsClaimLost = true };
        }

        var warnings = new List<LimitWarning>();
        var rooms = new List<RoomAnswer>();
        foreach (var room in ask.Rooms)
        {
            var window = _windows[(room.Limit, room.WindowEnd)];
            var account = new WindowAccount(window.Allotted, window.Used, window.Warned);
            var current = window.Rows.GetValueOrDefault(ask.Owner.KeyId, new Allotment(ask.Owner.KeyId, 0, 0));
            var (row, answer, warning) = account.Decide(room, current, warnAt);
            window.Rows[ask.Owner.KeyId] = row;
            (window.Used, window.Warned) = (account.Used, account.Warned);
            window.WouldRefuse += account.WouldRefuse;
            rooms.Add(answer);
            if (warning is not null)
            {
                warnings.Add(warning);
            }
        }

        return new KeyAnswer { Rooms = [.. rooms], Warnings = [.. warnings] };
    }

    private sealed class OpenWindow
    {
        public required Dictionary<string, Allotment> Rows { get; init; }

        public long Used { get; set; }

        public int Warned { get; set; }

        public long WouldRefuse { get; set; }

        public long Allotted => Rows.Values.Sum(static row => row.Ceiling);
    }
}
