using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>
/// What one activation of a key has of the limits above it. One question is under way at a time, and carries all that has gathered while the one
/// before was answered. So the database never has less than this activation believes: it takes back only what the activation has given up by then.
/// </summary>
/// <param name="book">The activation's book.</param>
/// <param name="owner">Its claim.</param>
/// <param name="writer">Where is asked.</param>
/// <param name="clock">The time.</param>
/// <param name="lost">Called when the key has another owner by now; it may throw what callers are told then.</param>
internal sealed class KeyRooms(
    QuotaBook book, KeyClaim owner, AllotmentWriter writer, Func<Instant> clock, Action<ClaimLostException> lost)
{
    // Each try is after something was granted, and calls that came later may have taken it.
    private const int TriesMax = 16;

    private Question _gathered = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    /// <summary>Tells what is used, at once.</summary>
    public Task TellAsync(IEnumerable<RoomShortage> shortages) => AskAsync(shortages, isUrgent: true);

    /// <summary>Asks for what will be short soon; it may take a moment.</summary>
    public Task AskAheadAsync(IEnumerable<RoomShortage> shortages) => AskAsync(shortages, isUrgent: false);

    /// <summary>
    /// Decides once enough is allotted to the key: asks for what is unallotted, and when that is too little, has taken back what no key uses. A
    /// limit refuses only after that.
    /// </summary>
    /// <param name="shortages">What is short as it was decided first.</param>
    /// <param name="recall">Takes back what no key uses of a limit.</param>
    /// <param name="decide">Decides, with what was found of limits that were recalled; null when something is short.</param>
    /// <returns>The decision; null when calls that came later have taken again and again what was granted.</returns>
    public async Task<T?> DecideAsync<T>(
        ImmutableArray<RoomShortage> shortages,
        Func<AccountLimit, Task<RecalledRoom>> recall,
        Func<IReadOnlyDictionary<LimitKey, RecalledRoom>, (T? Decision, ImmutableArray<RoomShortage> Shortages)> decide)
        where T : class
    {
        var recalled = new Dictionary<LimitKey, RecalledRoom>();
        var asked = new HashSet<LimitKey>();
        for (var tries = 0; tries < TriesMax; tries++)
        {
            await Task.WhenAll(shortages
                .Where(shortage => asked.Contains(shortage.Limit.Key) && IsScarce(shortage))
                .Select(async shortage => recalled[shortage.Limit.Key] = await recall(shortage.Limit)));
            await AskAsync(shortages, isUrgent: true);
            asked.UnionWith(shortages.Select(static shortage => shortage.Limit.Key));
            (var decision, shortages) = decide(recalled);
            if (shortages.IsEmpty)
            {
                return decision;
            }
        }

        return null;
    }

    /// <summary>Gives up what the key does not use of a limit in a window; answers what it uses, null when it is in another window.</summary>
    public async Task<RoomUse?> GiveBackAsync(LimitKey limit, DateTimeOffset windowEnd)
    {
        var question = _gathered;
        question.Returns.Add((limit, windowEnd));
        await NextAsync(isUrgent: true);
        return question.Uses.TryGetValue((limit, windowEnd), out var use) ? use : null;
    }

    /// <summary>Gives up all that the key does not use.</summary>
    public Task GiveBackAllAsync() => GiveBackAsync(book.Unused(clock()));

    /// <summary>Gives up what the key does not use of some limits.</summary>
    public async Task GiveBackAsync(IReadOnlyCollection<(LimitKey Limit, DateTimeOffset WindowEnd)> limits)
    {
        if (limits.Count > 0)
        {
            _gathered.Returns.UnionWith(limits);
            await NextAsync(isUrgent: true);
        }
    }

    private bool IsScarce(RoomShortage shortage) =>
        shortage.Limit.Limit.Enforcement != Enforcement.Observe && book.RoomAtMost(shortage.Limit) < shortage.Needed;

    /// <summary>What several calls need is asked for together.</summary>
    private Task AskAsync(IEnumerable<RoomShortage> shortages, bool isUrgent)
    {
        foreach (var shortage in shortages)
        {
            var needed = _gathered.Shortages.GetValueOrDefault(shortage.Limit.Key).Needed + shortage.Needed;
            _gathered.Shortages[shortage.Limit.Key] = shortage with { Needed = needed };
        }

        return NextAsync(isUrgent);
    }

    private Task NextAsync(bool isUrgent)
    {
        _gathered.IsUrgent |= isUrgent;
        if (_next is null && _running.IsCompleted)
        {
            return _running = SendAsync();
        }

        if (isUrgent)
        {
            writer.Hurry();
        }

        return _next ??= SendAfterAsync(_running);
    }

    private async Task SendAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        _next = null;
        await (_running = SendAsync());
    }

    private async Task SendAsync()
    {
        var question = _gathered;
        _gathered = new Question();
        var asks = Write(question);
        if (asks.Count == 0)
        {
            return;
        }

        var answers = await AskAsync(asks, question.IsUrgent);
        foreach (var (ask, answer) in asks.Zip(answers))
        {
            // Who only gives back has not said how much there is of the limit.
            if (question.Shortages.ContainsKey(ask.Limit))
            {
                book.Take(ask, answer, clock());
            }
            else
            {
                book.TakeTold(ask, clock());
            }
        }
    }

    private async Task<ImmutableArray<RoomAnswer>> AskAsync(List<RoomAsk> asks, bool isUrgent)
    {
        try
        {
            return await writer.AskAsync(new KeyAsk(owner, asks), isUrgent);
        }
        catch (ClaimLostException exception)
        {
            lost(exception);
            throw;
        }
    }

    /// <summary>Makes the question of what the book has in this moment.</summary>
    private List<RoomAsk> Write(Question question)
    {
        var now = clock();
        var asks = new Dictionary<LimitKey, RoomAsk>();
        foreach (var (limit, windowEnd) in question.Returns)
        {
            if (book.GiveBack(limit, windowEnd, now) is { } ask)
            {
                asks[limit] = ask;
                question.Uses[(limit, windowEnd)] = new RoomUse(ask.Used, ask.Held);
            }
        }

        foreach (var shortage in question.Shortages.Values)
        {
            var ask = book.AskFor(shortage.Limit, shortage.Needed, now);
            asks[ask.Limit] = asks.TryGetValue(ask.Limit, out var back) ? ask with { KeepsUpTo = back.KeepsUpTo, Wanted = 0 } : ask;
        }

        return [.. asks.Values];
    }

    private sealed class Question
    {
        public Dictionary<LimitKey, RoomShortage> Shortages { get; } = [];

        public HashSet<(LimitKey Limit, DateTimeOffset WindowEnd)> Returns { get; } = [];

        public Dictionary<(LimitKey Limit, DateTimeOffset WindowEnd), RoomUse> Uses { get; } = [];

        /// <summary>Whether someone waits for the answer, or something must be told at once.</summary>
        public bool IsUrgent { get; set; }
    }
}
