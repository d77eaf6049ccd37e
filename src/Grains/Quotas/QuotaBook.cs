using System.Diagnostics;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Keys;
using Relay.Grains.Models;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>
/// One key's limits, windows, holds and totals. It does no I/O and reads no clock: time is an argument. Every method is one
/// step; nothing of it may run at the same time as another.
/// </summary>
internal sealed partial class QuotaBook
{
    /// <summary>How many calls of one key may be in flight at once, whatever its limits.</summary>
    public const int HoldsMax = 10_000;

    /// <summary>The output tokens held for one choice while nothing is known of the key's calls.</summary>
    public const long OutputTokensDefault = 256;

    /// <summary>The output tokens that a hard limit holds for one choice without a declared cap, where there is room: no model puts out more.</summary>
    public const long OutputTokensUncapped = 131_072;

    // A client may declare any cap. No call comes near this, and a key's holds together stay far below a long's range.
    private const long TokensMax = 1_000_000_000_000;

    private readonly WindowCounts[] _windows;
    private readonly OutputAverages _averages;
    private readonly Dictionary<Guid, Hold> _holds = [];
    private readonly Dictionary<(CallOwner Owner, string Model), int> _holdsByModel = [];
    private readonly Queue<UsageEntry> _pending = [];
    private readonly Func<PriceBook> _prices;
    private readonly WouldRefuse _wouldRefuse = new();
    private DateTimeOffset _latest = DateTimeOffset.MinValue;
    private long _sequence;

    public QuotaBook(TimeZoneInfo zone, TimeSpan holdTimeout, QuotaBookState? state = null, Func<PriceBook>? prices = null)
    {
        _prices = prices ?? (static () => PriceBook.Empty);
        state ??= new QuotaBookState();
        HoldTimeout = holdTimeout;
        _windows = [.. Enum.GetValues<Window>().Select(window => new WindowCounts(window, zone))];
        _averages = new OutputAverages(state.OutputAverage, state.OutputAverageByModel);
        _sequence = CommittedSequence = state.Sequence;
        LastUsedAt = state.LastUsedAt;
        foreach (var window in state.Windows)
        {
            CountsOf(window.Window).Restore(window);
        }
    }

    /// <summary>How long a hold lasts that nobody renews.</summary>
    public TimeSpan HoldTimeout { get; }

    /// <summary>The limits that new calls must fit. Setting them touches no count and no hold.</summary>
    public ImmutableArray<Limit> Limits { get; set; } = [];

    /// <summary>The newest sequence that the ledger is known to have; 0 for none.</summary>
    public long CommittedSequence { get; private set; }

    /// <summary>When the newest committed call was reserved, or null.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    /// <summary>How many calls are in flight.</summary>
    public int HoldCount => _holds.Count;

    /// <summary>
    /// Checks all limits and holds the estimate, or holds nothing and says which limit refused, or of which limits above the key
    /// more must be allotted to it first. An id that is held answers its hold again.
    /// </summary>
    /// <param name="requestId">The call.</param>
    /// <param name="endpoint">Its endpoint.</param>
    /// <param name="model">The requested model.</param>
    /// <param name="inputTokens">An estimate of its input.</param>
    /// <param name="outputTokensMax">The most output of one choice that it declares, or null.</param>
    /// <param name="choices">How many outputs it asks for.</param>
    /// <param name="now">The time.</param>
    /// <param name="path">What is above the key; null for nothing.</param>
    /// <param name="recalled">The limits above the key of which all that no key uses was taken back for this call, and what was found.</param>
    public Reservation Reserve(
        Guid requestId,
        string endpoint,
        string model,
        long inputTokens,
        long? outputTokensMax,
        int choices,
        Instant now,
        AccountPath? path = null,
        IReadOnlyDictionary<LimitKey, RecalledRoom>? recalled = null)
    {
        if (_holds.TryGetValue(requestId, out var held))
        {
            return new Reservation(held, null);
        }

        if (_holds.Count >= HoldsMax)
        {
            return new Reservation(null, new Refusal { Kind = RefusalKind.Overloaded });
        }

        Advance(now.Wall);
        var inputTokensNeeded = Math.Clamp(inputTokens, 0, TokensMax);
        var price = _prices().Find(model, _latest);
        var (outputTokensNeeded, cap) = choices <= 0
            ? default
            : new OutputEstimate(outputTokensMax, _averages.Expect(model), choices).Decide(
                OutputRoom(Enforcement.Soft, model, inputTokensNeeded, price, path),
                OutputRoom(Enforcement.Hard, model, inputTokensNeeded, price, path));
        var cost = price?.WorstCostOf(inputTokensNeeded, outputTokensNeeded) ?? default;
        var needed = new Amounts(1, inputTokensNeeded, outputTokensNeeded, cost.Value);
        if (FindRefusal(model, needed, price) is { } refusal)
        {
            return new Reservation(null, refusal);
        }

        var inherited = path is { Limits.IsEmpty: false } ? CheckInherited(path, recalled, model, needed, price) : default(InheritedCheck?);
        if (inherited is { Refusal: not null } or { Shortages.IsEmpty: false })
        {
            return new Reservation(null, inherited.Value.Refusal) { Shortages = inherited.Value.Shortages };
        }

        var observed = Observe(model, needed, price);
        var call = new CallFacts
        {
            RequestId = requestId,
            ReservedAt = _latest,
            Endpoint = endpoint,
            Model = model,
            InputTokensHeld = inputTokensNeeded,
            OutputTokensHeld = outputTokensNeeded,
            Choices = choices,
            User = path?.Owner.User,
            Team = path?.Owner.Team,
        };

        // A frontend that dies before it has told anything may have sent the call; had it not, it would have released the hold.
        var toldNothing = new TokenUsage { InputTokens = inputTokensNeeded };
        var hold = new Hold(call, now.Monotonic + HoldTimeout, toldNothing) { CostHeld = cost, OutputTokensCap = cap };
        Add(hold);
        return new Reservation(hold, null)
        {
            Observed = inherited is { Observed.IsEmpty: false } check ? [.. observed, .. CountObserved(check)] : observed,
            RunningOut = inherited?.RunningOut ?? [],
        };
    }

    /// <summary>All calls in flight.</summary>
    public IReadOnlyCollection<Hold> Holds => _holds.Values;

    /// <summary>The hold of a call, or null.</summary>
    public Hold? Find(Guid requestId) => _holds.GetValueOrDefault(requestId);

    /// <summary>Extends a hold's deadline and remembers the usage so far. False when there is no such hold.</summary>
    public bool Renew(HoldRenewal renewal, Instant now)
    {
        if (!_holds.TryGetValue(renewal.Hold.RequestId, out var hold))
        {
            return false;
        }

        // Renewals may arrive out of order; usage only grows.
        var usage = renewal.UsageSoFar.TotalTokens > hold.UsageSoFar.TotalTokens ? renewal.UsageSoFar : hold.UsageSoFar;
        _holds[renewal.Hold.RequestId] = hold with { Deadline = now.Monotonic + HoldTimeout, UsageSoFar = usage };
        return true;
    }

    /// <summary>Makes the hold of a renewal anew, past the limits too: the call was admitted once. False when the book has no room for holds.</summary>
    public bool Rebuild(HoldRenewal renewal, Instant now)
    {
        Debug.Assert(!_holds.ContainsKey(renewal.Hold.RequestId), "The hold is there.");
        if (_holds.Count >= HoldsMax)
        {
            return false;
        }

        Advance(now.Wall);
        Advance(renewal.Hold.ReservedAt);
        var call = renewal.Hold;
        var cost = _prices().Find(call.Model, call.ReservedAt)?.WorstCostOf(call.InputTokensHeld, call.OutputTokensHeld) ?? default;
        Add(new Hold(call, now.Monotonic + HoldTimeout, renewal.UsageSoFar) { CostHeld = cost });
        return true;
    }

    /// <summary>Drops a hold and counts nothing. False when there is none.</summary>
    public bool Release(Guid requestId)
    {
        if (!_holds.Remove(requestId, out var hold))
        {
            return false;
        }

        var kind = (OwnerOf(hold.Call), hold.Call.Model);
        if (--_holdsByModel[kind] == 0)
        {
            _holdsByModel.Remove(kind);
        }

        Change(hold.Call, OwnerOf(hold.Call), held: -hold.Amounts);
        return true;
    }

    /// <summary>
    /// Turns the call's hold, if there is one, into a pending amount that counts against the limits, and gives the entry its
    /// sequence. The entry must then be appended to the ledger and committed here, or this book must be thrown away.
    /// </summary>
    public UsageEntry BeginSettle(UsageEntry draft, Instant now)
    {
        Advance(now.Wall);
        Advance(draft.Settlement.Call.ReservedAt);
        Release(draft.Settlement.Call.RequestId);
        var entry = draft with { Sequence = ++_sequence };
        Change(entry.Settlement.Call, OwnerOf(entry), pending: PendingOf(entry));
        _pending.Enqueue(entry);
        return entry;
    }

    /// <summary>
    /// Moves what is pending to used, up to that sequence. The ledger takes a key's entries in order, so that the commit of
    /// one is the commit of all before it, in whatever order their callers learn of it.
    /// </summary>
    public void Commit(long sequence)
    {
        while (_pending.TryPeek(out var entry) && entry.Sequence <= sequence)
        {
            _pending.Dequeue();
            Count(entry, pending: -PendingOf(entry));
        }
    }

    /// <summary>Whether an entry that another activation has written can be counted here: it is the next one, and nothing of this book stands in its place.</summary>
    public bool CanApply(UsageEntry entry) => _pending.Count == 0 && entry.Sequence == CommittedSequence + 1;

    /// <summary>Whether an entry is this book's own, and not committed here yet.</summary>
    public bool IsPending(UsageEntry entry) => _pending.Contains(entry);

    /// <summary>Counts an entry that the ledger has and another activation has written. Its call is over, so that it holds nothing any more.</summary>
    public void Apply(UsageEntry entry)
    {
        Debug.Assert(CanApply(entry), "Entries are applied in order, and while nothing is pending.");
        Release(entry.Settlement.Call.RequestId);
        Advance(entry.Settlement.Call.ReservedAt);
        Count(entry);
        _sequence = entry.Sequence;
    }

    /// <summary>The holds whose deadline has passed.</summary>
    public ImmutableArray<Hold> Expired(Instant now) => [.. _holds.Values.Where(hold => hold.Deadline <= now.Monotonic)];

    /// <summary>When the next hold expires unless it is renewed, on the monotonic clock; null without holds.</summary>
    public TimeSpan? NextDeadline => _holds.Values.Min(static hold => (TimeSpan?)hold.Deadline);

    /// <summary>The key's totals, and the state of each limit.</summary>
    public KeyUsage Usage(Instant now)
    {
        Advance(now.Wall);
        var byModel = CountsOf(Window.Total).ByModel().ToImmutableArray();
        var totals = byModel.Aggregate(default(UsageTotals), static (sum, model) => sum + model.Totals);
        return new KeyUsage(totals, byModel, [.. Limits.Select(UsageOf)]);
    }

    /// <summary>What the ledger has of a limit of the key's own in its current window, and when that ends.</summary>
    public (long Used, DateTimeOffset? End) UsedOf(Limit limit, Instant now)
    {
        Advance(now.Wall);
        return (TakenOf(limit).Used, CountsOf(limit.Window).End);
    }

    /// <summary>A copy of the committed part.</summary>
    public QuotaBookState ToSnapshot() => new()
    {
        Sequence = CommittedSequence,
        LastUsedAt = LastUsedAt,
        Windows = [.. _windows.Select(static window => window.ToState())],
        OutputAverage = _averages.All,
        OutputAverageByModel = _averages.ToByModel(),
    };

    /// <summary>A clock that steps back leaves every window where it is. Whole milliseconds survive every database.</summary>
    private void Advance(DateTimeOffset wall)
    {
        var utc = wall.ToUniversalTime();
        utc = utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMillisecond));
        if (utc <= _latest)
        {
            return;
        }

        _latest = utc;
        foreach (var window in _windows)
        {
            if (window.Advance(utc))
            {
                _row = null;
            }
        }
    }

    private void Add(Hold hold)
    {
        _holds.Add(hold.Call.RequestId, hold);
        var kind = (OwnerOf(hold.Call), hold.Call.Model);
        _holdsByModel[kind] = _holdsByModel.GetValueOrDefault(kind) + 1;
        Change(hold.Call, OwnerOf(hold.Call), held: hold.Amounts);
    }

    private void Count(UsageEntry entry, Amounts pending = default)
    {
        var call = entry.Settlement.Call;
        Change(call, OwnerOf(entry), pending: pending, used: entry.Totals);

        // An estimate would feed on itself, and a correction is no call.
        var outputTokens = entry.Settlement.Usage.OutputTokens;
        if (entry.Settlement.Source == UsageSource.Reported && entry.Part == 0 && outputTokens > 0)
        {
            _averages.Observe(call.Model, (double)outputTokens / Math.Max(call.Choices, 1));
        }

        LastUsedAt = LastUsedAt is { } last && last > call.ReservedAt ? last : call.ReservedAt;
        CommittedSequence = entry.Sequence;
    }

    private static Amounts PendingOf(UsageEntry entry) => Amounts.Of(entry.Totals).AtLeastZero();

    /// <summary>How many output tokens the limits of such an enforcement that are about a call have room for; null when none of them counts any.</summary>
    private long? OutputRoom(Enforcement enforcement, string model, long inputTokens, ModelPrice? price, AccountPath? path)
    {
        long? least = null;
        foreach (var limit in Limits)
        {
            if (limit.Enforcement == enforcement && Covers(limit, model) && OutputRoomOf(limit, RoomOf(limit), inputTokens, price) is { } room)
            {
                least = Math.Min(least ?? long.MaxValue, room);
            }
        }

        foreach (var slot in path is null ? [] : SlotsOf(path))
        {
            // Of one that was never asked, nobody knows what there is: the call is decided anew when it was.
            var inherited = slot.Limit.Limit;
            if (inherited.Enforcement == enforcement
                && inherited.Metric is Metric.Tokens or Metric.OutputTokens or Metric.Cost
                && Covers(inherited, model)
                && RoomAtMost(slot.Limit.Key, RoomOf(slot)) is { } most
                && OutputRoomOf(inherited, most, inputTokens, price) is { } room)
            {
                least = Math.Min(least ?? long.MaxValue, room);
            }
        }

        return least;
    }

    private static long? OutputRoomOf(Limit limit, long room, long inputTokens, ModelPrice? price) => limit.Metric switch
    {
        Metric.Tokens => room - inputTokens,
        Metric.OutputTokens => room,
        Metric.Cost => price?.OutputTokensFor(room, inputTokens),
        _ => null,
    };

    /// <summary>Counts and answers the limits that only observe and have no room.</summary>
    private ImmutableArray<LimitUsage> Observe(string model, Amounts needed, ModelPrice? price)
    {
        // What follows would cost every call an object for what it captures.
        return Limits.Any(static limit => limit.Enforcement == Enforcement.Observe) ? ObserveAny(model, needed, price) : [];
    }

    private ImmutableArray<LimitUsage> ObserveAny(string model, Amounts needed, ModelPrice? price)
    {
        var without = Limits
            .Where(limit => limit.Enforcement == Enforcement.Observe && (Lacks(limit, model, needed) || IsUnpriced(limit, model, price)))
            .ToList();
        without.ForEach(limit => _wouldRefuse.Add(limit, CountsOf(limit.Window).End));
        return [.. without.Select(UsageOf)];
    }

    /// <summary>Whether the limit is of cost and about a call of which nobody knows the cost, and such calls are refused.</summary>
    private bool IsUnpriced(Limit limit, string model, ModelPrice? price) =>
        price is null && limit.Metric == Metric.Cost && _prices().RefusesUnknown && Covers(limit, model);

    private bool Lacks(Limit limit, string model, Amounts needed) => Covers(limit, model) && needed.Of(limit.Metric) > RoomOf(limit);

    private Refusal? FindRefusal(string model, Amounts needed, ModelPrice? price)
    {
        Limit? worst = null;
        foreach (var limit in Limits)
        {
            if (limit.Enforcement == Enforcement.Observe)
            {
                continue;
            }

            if (IsUnpriced(limit, model, price))
            {
                return new Refusal { Kind = RefusalKind.ModelNotPriced };
            }

            if (Lacks(limit, model, needed) && (worst is null || TakesLonger(limit, worst)))
            {
                worst = limit;
            }
        }

        if (worst is null)
        {
            return null;
        }

        var usage = UsageOf(worst);
        return new Refusal
        {
            Kind = RefusalKind.LimitReached,
            Limit = usage,
            Needed = needed.Of(worst.Metric),
            RetryAfter = usage.ResetsAt - _latest,
        };
    }

    /// <summary>Of several limits that refuse, the one to report: a client must not be told to come back in a minute while the month is used up.</summary>
    private bool TakesLonger(Limit left, Limit right)
    {
        var (leftEnd, rightEnd) = (HasRoomAt(left), HasRoomAt(right));
        return leftEnd != rightEnd ? leftEnd > rightEnd : left.Window > right.Window;
    }

    private DateTimeOffset HasRoomAt(Limit limit) =>
        limit.Metric == Metric.Concurrency
            ? DateTimeOffset.MinValue
            : CountsOf(limit.Window).End ?? DateTimeOffset.MaxValue;

    private bool Covers(Limit limit, string model) =>
        limit.Metric == Metric.Concurrency
            ? limit.Model is null || ModelPattern.Matches(limit.Model, model)
            : CountsOf(limit.Window).Covers(limit.Model, model);

    private long HoldsOf(string? pattern, AccountId? account = null)
    {
        if (pattern is null && account is null)
        {
            return _holds.Count;
        }

        var sum = 0L;
        foreach (var ((owner, model), count) in _holdsByModel)
        {
            if ((account is not { } id || owner.IsPartOf(id)) && (pattern is null || ModelPattern.Matches(pattern, model)))
            {
                sum += count;
            }
        }

        return sum;
    }

    /// <summary>What a new call may take; negative where a settle went past the amount.</summary>
    private long RoomOf(Limit limit)
    {
        var (used, held) = TakenOf(limit);
        return limit.Amount - used - held;
    }

    private LimitUsage UsageOf(Limit limit)
    {
        var (used, held) = TakenOf(limit);
        return new LimitUsage(
            limit,
            used,
            held,
            Math.Max(limit.Amount - used - held, 0),
            limit.Metric == Metric.Concurrency ? null : CountsOf(limit.Window).End)
        {
            WouldRefuse = _wouldRefuse.Of(limit, CountsOf(limit.Window).End),
        };
    }
}
