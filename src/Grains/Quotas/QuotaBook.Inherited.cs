using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Models;

namespace Relay.Grains.Quotas;

/// <content>
/// The limits above the key. The key sees only what it has been allotted of each: it admits while what it has used and holds stays below that
/// ceiling, and asks for more when it does not.
/// </content>
internal sealed partial class QuotaBook
{
    private readonly Dictionary<LimitKey, AllottedRoom> _rooms = [];
    private AccountPath? _path;
    private Slot[] _slots = [];

    /// <summary>What the key asks of a limit above it.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="needed">What waiting calls need.</param>
    /// <param name="now">The time.</param>
    public RoomAsk AskFor(AccountLimit limit, long needed, Instant now)
    {
        Advance(now.Wall);
        var room = RoomIn(limit.Key);
        room.BeginStep(needed);
        var (used, held) = TakenOf(limit.Key);
        return new RoomAsk
        {
            Limit = limit.Key,
            Amount = limit.Limit.Amount,
            Window = WindowOf(limit.Key),
            Used = used,
            Held = held,
            Needed = needed,
            Wanted = room.Step,
            WouldRefuse = room.TakeWouldRefuse(),
        };
    }

    /// <summary>
    /// Gives up what the key does not use of a limit, at once; null when the window is not the one that ends then. What is answered must be
    /// written before anything else is asked.
    /// </summary>
    public RoomAsk? GiveBack(LimitKey limit, DateTimeOffset windowEnd, Instant now)
    {
        Advance(now.Wall);
        var window = WindowOf(limit);
        if ((window.End ?? DateTimeOffset.MaxValue) != windowEnd)
        {
            return null;
        }

        var (used, held) = TakenOf(limit);
        var room = CurrentRoom(limit);
        room?.LowerTo(used + held);
        return new RoomAsk
        {
            Limit = limit,
            Amount = 0,
            KnowsAmount = false,
            Window = window,
            Used = used,
            Held = held,
            KeepsUpTo = used + held,
            WouldRefuse = room?.TakeWouldRefuse() ?? 0,
        };
    }

    /// <summary>The limits of which the key has more than it uses.</summary>
    public IReadOnlyList<(LimitKey Limit, DateTimeOffset WindowEnd)> Unused(Instant now)
    {
        Advance(now.Wall);
        return
        [
            .. _rooms.Keys
                .Where(limit => CurrentRoom(limit) is { } room && TakenOf(limit) is var (used, held) && room.Ceiling > used + held)
                .Select(limit => (limit, EndOf(limit))),
        ];
    }

    /// <summary>
    /// The limits of which the key must tell what it has used: it has used and holds more than it was allotted, as where calls were longer than their
    /// estimate, or ran when the limit was made; or it has used up all that it was allotted.
    /// </summary>
    public IReadOnlyList<AccountLimit> Untold(AccountPath path, Instant now)
    {
        Advance(now.Wall);
        List<AccountLimit>? untold = null;
        foreach (var slot in SlotsOf(path))
        {
            var limit = slot.Limit;
            var (used, held) = TakenOf(limit.Key);
            var room = RoomOf(slot);
            var ceiling = room?.Ceiling ?? 0;
            if (used + held > ceiling || (used == ceiling && used > room?.UsedTold))
            {
                (untold ??= []).Add(limit);
            }
        }

        return untold ?? (IReadOnlyList<AccountLimit>)[];
    }

    /// <summary>
    /// The limits that are not above the key any more, for it or its user has moved, and of which calls that were made before have used more than was
    /// allotted for them: nobody would hear of that before the limit is recalled.
    /// </summary>
    public IReadOnlyList<(LimitKey Limit, DateTimeOffset WindowEnd)> UntoldOfLeft(AccountPath path, Instant now)
    {
        Advance(now.Wall);
        List<(LimitKey Limit, DateTimeOffset WindowEnd)>? untold = null;
        foreach (var limit in _rooms.Keys)
        {
            if (!IsAmong(SlotsOf(path), limit)
                && CurrentRoom(limit) is { } room
                && TakenOf(limit) is var (used, held)
                && used + held > room.Ceiling
                && used > room.UsedTold)
            {
                (untold ??= []).Add((limit, EndOf(limit)));
            }
        }

        return untold ?? (IReadOnlyList<(LimitKey, DateTimeOffset)>)[];
    }

    /// <summary>Remembers that the database has been told what the key uses of a limit of which it asked for nothing.</summary>
    public void TakeTold(RoomAsk ask, Instant now)
    {
        Advance(now.Wall);
        if (EndOf(ask.Limit) == ask.WindowEnd && CurrentRoom(ask.Limit) is { } room)
        {
            room.TakeTold(ask.Used);
        }
    }

    /// <summary>Takes in what the database has, unless the window has ended meanwhile.</summary>
    public void Take(RoomAsk ask, RoomAnswer answer, Instant now)
    {
        Advance(now.Wall);
        if (EndOf(ask.Limit) == ask.WindowEnd)
        {
            RoomIn(ask.Limit).Take(ask, answer, now.Monotonic);
        }
    }

    /// <summary>Up to where the key may use and hold of a limit; 0 while it has not asked.</summary>
    public long CeilingOf(LimitKey limit, Instant now)
    {
        Advance(now.Wall);
        return CurrentRoom(limit)?.Ceiling ?? 0;
    }

    /// <summary>When a limit's current window ends; <see cref="DateTimeOffset.MaxValue"/> for never.</summary>
    public DateTimeOffset WindowEndOf(LimitKey limit, Instant now)
    {
        Advance(now.Wall);
        return EndOf(limit);
    }

    /// <summary>What the key could use of a limit with all that is allotted to nobody; null when that was never asked.</summary>
    public long? RoomAtMost(AccountLimit limit) => RoomAtMost(limit.Key, CurrentRoom(limit.Key));

    private long? RoomAtMost(LimitKey limit, AllottedRoom? room) =>
        room is null ? null : room.Ceiling - TotalOf(limit) + room.Unallotted;

    private InheritedCheck CheckInherited(
        AccountPath path, IReadOnlyDictionary<LimitKey, RecalledRoom>? recalled, string model, Amounts needed, ModelPrice? price)
    {
        List<RoomShortage>? shortages = null;
        List<RoomShortage>? runningOut = null;
        List<AccountLimit>? observed = null;
        Refusal? refusal = null;
        AccountLimit? refusing = null;
        foreach (var slot in SlotsOf(path))
        {
            var limit = slot.Limit;
            if (!Covers(limit.Limit, model))
            {
                continue;
            }

            var isObserving = limit.Limit.Enforcement == Enforcement.Observe;
            if (IsUnpriced(limit.Limit, model, price))
            {
                if (!isObserving)
                {
                    return new InheritedCheck { Refusal = new Refusal { Kind = RefusalKind.ModelNotPriced } };
                }

                (observed ??= []).Add(limit);
                continue;
            }

            var amount = needed.Of(limit.Key.Metric);
            if (RoomOf(slot) is not { } room)
            {
                (shortages ??= []).Add(new RoomShortage(limit, amount));
                continue;
            }

            var left = room.Ceiling - TotalOf(limit.Key);
            if (amount > left && amount > 0)
            {
                if (recalled is null || !recalled.TryGetValue(limit.Key, out var found) || amount - left <= room.Unallotted)
                {
                    (shortages ??= []).Add(new RoomShortage(limit, amount));
                }
                else if (refusing is null || TakesLonger(limit.Limit, refusing.Limit))
                {
                    refusing = limit;
                    refusal = Refuse(limit, amount, found);
                }

                continue;
            }

            if (isObserving && room.IsPassed)
            {
                (observed ??= []).Add(limit);
            }

            // Each answer brings a part of what is unallotted, so that a limit which runs low is soon asked for no more ahead of need.
            if (left - amount < room.Step / 4 && room.Unallotted > amount * 8)
            {
                (runningOut ??= []).Add(new RoomShortage(limit, 0));
            }
        }

        return refusal is not null
            ? new InheritedCheck { Refusal = refusal }
            : new InheritedCheck
            {
                Shortages = shortages is null ? [] : [.. shortages],
                RunningOut = runningOut is null ? [] : [.. runningOut],
                Observed = observed is null ? [] : [.. observed],
            };
    }

    private Refusal Refuse(AccountLimit limit, long needed, RecalledRoom found)
    {
        var remaining = Math.Max(limit.Limit.Amount - found.Used - found.Held - found.Silent, 0);

        // What a key that does not answer has may be all that is missing; its next owner tells.
        if (found.Silent > 0 && needed <= remaining + found.Silent)
        {
            return new Refusal { Kind = RefusalKind.OwnerChanging };
        }

        var end = limit.Key.Metric == Metric.Concurrency ? null : CountsOf(limit.Key.Window).End;
        return new Refusal
        {
            Kind = RefusalKind.LimitReached,
            Limit = new LimitUsage(limit.Limit, found.Used, found.Held, remaining, end),
            Account = limit.Account,
            Needed = needed,
            RetryAfter = end - _latest,
        };
    }

    private ImmutableArray<LimitUsage> CountObserved(InheritedCheck check)
    {
        if (check.Observed.IsDefaultOrEmpty)
        {
            return [];
        }

        foreach (var limit in check.Observed)
        {
            RoomIn(limit.Key).WouldRefuse++;
        }

        return [.. check.Observed.Select(limit => UsageOf(limit))];
    }

    /// <summary>The state of a limit as far as this key sees it.</summary>
    private LimitUsage UsageOf(AccountLimit limit)
    {
        var (used, held) = TakenOf(limit.Key);
        return new LimitUsage(
            limit.Limit,
            used,
            held,
            Math.Max(RoomAtMost(limit) ?? 0, 0),
            limit.Key.Metric == Metric.Concurrency ? null : CountsOf(limit.Key.Window).End);
    }

    /// <summary>What the ledger has of the key's calls, and what calls in flight hold or is on its way there.</summary>
    private (long Used, long Held) TakenOf(LimitKey limit)
    {
        if (limit.Metric == Metric.Concurrency)
        {
            return (0, HoldsOf(limit.Model, limit.Account));
        }

        return CountsOf(limit.Window).Taken(limit.Metric, limit.Model, limit.Account);
    }

    private long TotalOf(LimitKey limit)
    {
        var (used, held) = TakenOf(limit);
        return used + held;
    }

    /// <summary>The limits of a path, each with its room at hand: most calls of a key are of the same path.</summary>
    private Slot[] SlotsOf(AccountPath path)
    {
        if (!ReferenceEquals(path, _path))
        {
            (_path, _slots) = (path, [.. path.Limits.Select(static limit => new Slot(limit))]);
        }

        return _slots;
    }

    private static bool IsAmong(Slot[] slots, LimitKey limit)
    {
        foreach (var slot in slots)
        {
            if (slot.Limit.Key == limit)
            {
                return true;
            }
        }

        return false;
    }

    private AllottedRoom? RoomOf(Slot slot)
    {
        if (slot.Room is { IsKnown: true } room && room.WindowEnd == EndOf(slot.Limit.Key))
        {
            return room;
        }

        return slot.Room = CurrentRoom(slot.Limit.Key);
    }

    private AllottedRoom? CurrentRoom(LimitKey limit) =>
        _rooms.TryGetValue(limit, out var room) && room.WindowEnd == EndOf(limit) && room.IsKnown ? room : null;

    /// <summary>The room of the current window; nothing of an earlier one is known in it but how fast it was used.</summary>
    private AllottedRoom RoomIn(LimitKey limit)
    {
        var end = EndOf(limit);
        if (!_rooms.TryGetValue(limit, out var room) || room.WindowEnd != end)
        {
            _rooms[limit] = room = new AllottedRoom(end, room?.Step ?? 0);
        }

        return room;
    }

    private WindowBounds WindowOf(LimitKey limit) =>
        limit.Metric == Metric.Concurrency ? new WindowBounds(DateTimeOffset.MinValue, null) : CountsOf(limit.Window).Bounds;

    private DateTimeOffset EndOf(LimitKey limit) => WindowOf(limit).End ?? DateTimeOffset.MaxValue;

    /// <summary>A limit above the key, and its room as it was found last.</summary>
    private sealed class Slot(AccountLimit limit)
    {
        public AccountLimit Limit { get; } = limit;

        public AllottedRoom? Room { get; set; }
    }

    /// <summary>What the limits above a key say to a call.</summary>
    private readonly record struct InheritedCheck()
    {
        public Refusal? Refusal { get; init; }

        public ImmutableArray<RoomShortage> Shortages { get; init; } = [];

        public ImmutableArray<RoomShortage> RunningOut { get; init; } = [];

        /// <summary>The limits that only observe and have been passed.</summary>
        public ImmutableArray<AccountLimit> Observed { get; init; } = [];
    }
}
