using Microsoft.Extensions.Logging.Abstractions;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Allotments;
using Relay.Grains.Tests.Quotas;
using Relay.Testing;

namespace Relay.Grains.Tests.Simulation;

/// <summary>
/// A company's keys on two silos, with limits above them. Questions to the database fail before or after they are done, recalls are lost or come to an activation that was
/// replaced, keys move from silo to silo with and without their old activation's knowledge, windows turn, limits change, users change teams and keys change users. The seed decides all of it.
/// What is true is known here: every call, whose it is and what it has used.
/// </summary>
internal sealed class SimulatedCompany : IDisposable
{
    public const long OutputHeld = 20;

    private const int KeyCount = 4;
    private const int FaultySteps = 4_000;

    private readonly SimulatedProcess _frontend;
    private readonly SimulatedProcess[] _silos;
    private readonly AllotmentWriter[] _writers;
    private readonly MemoryLedger _ledger = new();
    private readonly MemoryAllotments _store;
    private readonly LimitRecall _recall;
    private readonly Dictionary<string, long> _epochs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<SimulatedKey>> _keys = new(StringComparer.Ordinal);
    private readonly List<SimulatedEmployeeCall> _calls = [];
    private readonly Dictionary<LimitKey, long> _enforced = [];
    private readonly List<string> _log = [];
    private Dictionary<AccountId, Account> _accounts;
    private Hierarchy _hierarchy;
    private bool _isChanging;
    private int _asked;

    public SimulatedCompany(int seed, IEnumerable<Account> accounts)
    {
        Scheduler = new SeededScheduler(seed);
        Clock = new SimulatedClock(Scheduler);
        _frontend = new SimulatedProcess(Scheduler);
        _silos = [new SimulatedProcess(Scheduler), new SimulatedProcess(Scheduler)];
        _store = new MemoryAllotments(claim => _epochs[claim.KeyId] == claim.Epoch)
        {
            BeforeAsking = _ => DisturbAsync("The database did not take the question."),
            AfterAsking = _ => DisturbAsync("The database's answer was lost."),
        };
        _writers = [.. _silos.Select(_ => new AllotmentWriter(_store, _ledger, new RecordedWarnings(), NullLogger<AllotmentWriter>.Instance) { Pause = TimeSpan.Zero })];
        foreach (var (silo, writer) in _silos.Zip(_writers))
        {
            silo.Start(writer.RunAsync);
        }

        _recall = new LimitRecall(_store, AskKeyAsync);
        _accounts = accounts.ToDictionary(static account => new AccountId(account.Level, account.Id));
        _hierarchy = new Hierarchy(1, _accounts.Values);
        Enforce();
        for (var i = 0; i < KeyCount; i++)
        {
            _users.Add(KeyOf(i), UserOf(i));
            _keys.Add(KeyOf(i), []);
            Activate(KeyOf(i), isOpen: true);
        }
    }

    public SeededScheduler Scheduler { get; }

    public SimulatedClock Clock { get; }

    public Instant Now => Calls.At(Clock.Elapsed);

    public MemoryAllotments Store => _store;

    /// <summary>Whether calls may use more than was held for them.</summary>
    public bool HasOverspending { get; init; }

    /// <summary>How many calls were admitted.</summary>
    public int Admitted => _calls.Count;

    /// <summary>How many calls were refused by a limit.</summary>
    public int Refused { get; private set; }

    private bool HasFaults => Scheduler.Steps < FaultySteps;

    /// <summary>The user of a key to begin with.</summary>
    public static string UserOf(int key) => $"user{key % 2}";

    public static string KeyOf(int key) => $"key_{key:D16}";

    /// <summary>Lets that many calls try to be admitted, through all faults.</summary>
    public void Run(int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            var key = Scheduler.Next(KeyCount);
            _frontend.Start(async () =>
            {
                await Scheduler.WaitAsync(400);
                await LiveAsync(key);
            });
        }

        RunToTheEnd(Disturb);
    }

    /// <summary>Without any fault, lets keys call until each is refused, and answers how many calls were admitted.</summary>
    public int Exhaust()
    {
        while (HasFaults)
        {
            Scheduler.RunOne();
        }

        OpenAll();
        var before = Admitted;
        for (var key = 0; key < KeyCount; key++)
        {
            var k = key;
            _frontend.Start(async () =>
            {
                while (await ReserveAsync(k) is not null)
                {
                }
            });
        }

        RunToTheEnd(static () => { });
        return Admitted - before;
    }

    /// <summary>Makes one account different, as the admin API does: it is told of when every key admits by it.</summary>
    public void Change(AccountId id, Func<Account, Account> change)
    {
        if (_isChanging)
        {
            return;
        }

        _isChanging = true;
        _accounts = new Dictionary<AccountId, Account>(_accounts) { [id] = change(_accounts[id]) };
        _hierarchy = new Hierarchy(_hierarchy.Version + 1, _accounts.Values);
        _frontend.Start(async () =>
        {
            await ApplyAsync(id);
            Enforce();
            _isChanging = false;
        });
    }

    public void Dispose()
    {
        foreach (var writer in _writers)
        {
            writer.Dispose();
        }
    }

    /// <summary>No key believes to have more than the database has for it, and the sums of the database are right.</summary>
    public void AssertCeilings()
    {
        foreach (var limit in _hierarchy.PathOf(UserOf(0)).Limits.Concat(_hierarchy.PathOf(UserOf(1)).Limits).DistinctBy(static limit => limit.Key))
        {
            foreach (var key in _keys.Values.Select(static activations => activations[^1]).Where(static key => key.IsOpen))
            {
                var end = key.Book.WindowEndOf(limit.Key, Now);
                var row = _store.Rows(limit.Key, end).FirstOrDefault(row => string.Equals(row.KeyId, key.Claim.KeyId, StringComparison.Ordinal));
                Assert.True(
                    key.Book.CeilingOf(limit.Key, Now) <= row.Ceiling,
                    $"{key.Claim} believes to have {key.Book.CeilingOf(limit.Key, Now)} of {limit.Key}; the database has {row}.\n{string.Join('\n', _log.TakeLast(60))}");
            }
        }
    }

    private SimulatedKey Current(string keyId) => _keys[keyId][^1];

    private void Activate(string keyId, bool isOpen)
    {
        var epoch = _epochs[keyId] = _epochs.GetValueOrDefault(keyId) + 1;
        var silo = Scheduler.Next(_silos.Length);
        var key = new SimulatedKey(this, new KeyClaim(keyId, $"silo{silo}", epoch), _silos[silo], _writers[silo]);
        _keys[keyId].Add(key);
        if (isOpen)
        {
            Open(key);
        }
    }

    /// <summary>It counts what is in the ledger, and holds for what runs.</summary>
    private void Open(SimulatedKey key)
    {
        foreach (var entry in _ledger.Entries.Where(entry => string.Equals(entry.KeyId, key.Claim.KeyId, StringComparison.Ordinal)).OrderBy(static entry => entry.Sequence))
        {
            key.Book.Apply(entry);
        }

        foreach (var call in _calls.Where(call => call.OutputTokens is null && string.Equals(call.KeyId, key.Claim.KeyId, StringComparison.Ordinal)))
        {
            key.Book.Rebuild(new HoldRenewal(call.Facts, default), Now);
        }

        key.IsOpen = true;
        Log($"{key.Claim} opens");
    }

    private void RunToTheEnd(Action disturb)
    {
        while (Scheduler.RunOne())
        {
            if (HasFaults)
            {
                disturb();
            }
            else
            {
                OpenAll();
            }

            if (Scheduler.Steps % 16 == 0)
            {
                AssertCeilings();
            }

            Assert.True(Scheduler.Steps < 400_000, "The simulation does not come to an end.");
        }
    }

    /// <summary>Without faults, every owner gets to know of its calls.</summary>
    private void OpenAll()
    {
        foreach (var key in _keys.Keys.Select(Current).Where(static key => !key.IsOpen))
        {
            Open(key);
        }
    }

    private void Disturb()
    {
        var keyId = KeyOf(Scheduler.Next(KeyCount));
        switch (Scheduler.Next(300))
        {
            case 0 or 1:
                // Its silo is taken for dead; whatever it was doing may go on, but it admits nothing any more.
                Current(keyId).IsOpen = false;
                Activate(keyId, isOpen: false);
                break;
            case 2 or 3 or 4 or 5 when !Current(keyId).IsOpen:
                Open(Current(keyId));
                break;
            case 6:
                _silos[Scheduler.Next(_silos.Length)].PausedUntil = Scheduler.Steps + Scheduler.Next(200);
                break;
            case 7 or 8 or 9:
                Clock.Advance(TimeSpan.FromMinutes(Scheduler.Next(200)));
                break;
            case 10 or 11 when Current(keyId) is { IsOpen: true } key:
                // It is put away in order, and comes back.
                key.Process.Start(() => TryAsync(key.Rooms.GiveBackAllAsync));
                break;
            case 12 or 13:
                ChangeAnAmount();
                break;
            case 14 when _accounts.ContainsKey(new AccountId(Level.Team, "team1")):
                Change(new AccountId(Level.User, UserOf(Scheduler.Next(2))), account => account with { Team = $"team{Scheduler.Next(2)}" });
                break;
            case 15 or 16:
                _users[keyId] = UserOf(Scheduler.Next(2));
                break;
        }
    }

    private void ChangeAnAmount()
    {
        var limited = _accounts.Values.Where(static account => !account.Limits.IsEmpty).ToList();
        if (limited.Count > 0)
        {
            var account = limited[Scheduler.Next(limited.Count)];
            Change(new AccountId(account.Level, account.Id), before => before with
            {
                Limits = [.. before.Limits.Select(limit => limit with { Amount = Math.Max(1, limit.Amount / 2) + Scheduler.Next((int)limit.Amount + 1) })],
            });
        }
    }

    private void Enforce()
    {
        _enforced.Clear();
        foreach (var account in _accounts.Values)
        {
            foreach (var limit in account.Limits)
            {
                var key = LimitKey.Of(new AccountId(account.Level, account.Id), limit);
                _enforced[key] = limit.Amount;
            }
        }
    }

    /// <summary>Takes back what is too much, until no key that was asked had more than it uses.</summary>
    private async Task ApplyAsync(AccountId id)
    {
        foreach (var limit in _accounts[id].Limits)
        {
            var key = LimitKey.Of(id, limit);
            while (true)
            {
                // An amount that is raised holds at once; one that is lowered when the admin call returns.
                try
                {
                    var end = new QuotaBook(TimeZoneInfo.Utc, Calls.HoldTimeout).WindowEndOf(key, Now);
                    if ((await _store.FindAsync(key, end, CancellationToken.None))?.Allotted is not { } allotted
                        || allotted <= limit.Amount
                        || (await _recall.RunAsync(key, end)).Silent == 0)
                    {
                        break;
                    }
                }
                catch (IOException)
                {
                    // It is tried again.
                }

                await Scheduler.WaitAsync(20);
            }
        }
    }

    /// <summary>One call, as its frontend sees it.</summary>
    private async Task LiveAsync(int key)
    {
        if (await ReserveAsync(key) is not { } call)
        {
            return;
        }

        await Scheduler.WaitAsync(300);
        var used = HasOverspending && Scheduler.Chance(20) ? OutputHeld + Scheduler.Next(40) : Scheduler.Next((int)OutputHeld + 1);
        while (call.OutputTokens is null)
        {
            await TryAsync(() => AtAsync(Current(call.KeyId), async activation =>
            {
                if (activation.IsOpen)
                {
                    await SettleAsync(activation, call, used);
                }
            }));
            await Scheduler.WaitAsync(50);
        }
    }

    private async Task SettleAsync(SimulatedKey activation, SimulatedEmployeeCall call, long used)
    {
        var facts = call.Facts;
        if ((await _ledger.FindAsync(facts.RequestId, CancellationToken.None)).Count == 0 && activation.Book.Find(facts.RequestId) is not null)
        {
            var entry = activation.Book.BeginSettle(
                Calls.Draft(facts, Calls.Tokens(facts.InputTokensHeld, used)) with { KeyId = call.KeyId, User = facts.User!, Team = facts.Team }, Now);
            await _ledger.AppendAsync([entry], CancellationToken.None);
            activation.Book.Commit(entry.Sequence);
            call.OutputTokens = used;
            var untold = activation.Book.Untold(_hierarchy.PathOf(facts.User!), Now);
            if (untold.Count > 0)
            {
                activation.Process.Start(() => TryAsync(() => activation.Rooms.TellAsync(untold.Select(static limit => new RoomShortage(limit, 0)))));
            }
        }
    }

    private async Task<SimulatedEmployeeCall?> ReserveAsync(int key)
    {
        var id = Calls.IdOf(_asked++);
        SimulatedEmployeeCall? admitted = null;
        await TryAsync(() => AtAsync(Current(KeyOf(key)), async activation =>
        {
            (Box? Decision, System.Collections.Immutable.ImmutableArray<RoomShortage> Shortages) Decide(IReadOnlyDictionary<LimitKey, RecalledRoom>? recalled)
            {
                if (!activation.IsOpen)
                {
                    return (new Box(null), []);
                }

                var reservation = activation.Book.Reserve(id, Calls.Endpoint, Calls.Model, 10, OutputHeld, 1, Now, _hierarchy.PathOf(_users[KeyOf(key)]), recalled);
                if (reservation.Hold is { } hold)
                {
                    admitted = new SimulatedEmployeeCall(KeyOf(key), hold.Call);
                    _calls.Add(admitted);
                    Log($"{activation.Claim} admits {id}");
                    AssertLimitsHold(hold.Call);
                }
                else if (reservation.Refusal?.Kind == RefusalKind.LimitReached)
                {
                    Refused++;
                }

                return (new Box(reservation.Hold), reservation.Shortages);
            }

            var (_, shortages) = Decide(null);
            if (!shortages.IsEmpty)
            {
                await activation.Rooms.DecideAsync(shortages, limit => _recall.RunAsync(limit.Key, activation.Book.WindowEndOf(limit.Key, Now)), Decide);
            }
        }));
        return admitted;
    }

    /// <summary>What was used and is held by all, where a call was admitted just now, passes no limit but for what calls have used beyond what was held for them.</summary>
    private void AssertLimitsHold(CallFacts admitted)
    {
        var owner = new CallOwner(admitted.User, admitted.Team);
        foreach (var (limit, amount) in _enforced.Where(pair => owner.IsPartOf(pair.Key.Account)))
        {
            var window = limit.Metric == Metric.Concurrency
                ? new WindowBounds(DateTimeOffset.MinValue, null)
                : WindowBounds.Of(limit.Window, admitted.ReservedAt, TimeZoneInfo.Utc);
            var calls = _calls
                .Where(call => new CallOwner(call.Facts.User, call.Facts.Team).IsPartOf(limit.Account))
                .Where(call => limit.Metric == Metric.Concurrency ? call.OutputTokens is null : call.Facts.ReservedAt >= window.Start && !(call.Facts.ReservedAt >= window.End))
                .ToList();
            var taken = limit.Metric == Metric.Tokens ? calls.Sum(static call => call.Tokens) : calls.Count;
            var overspent = limit.Metric == Metric.Tokens ? calls.Sum(static call => Math.Max((call.OutputTokens ?? 0) - call.Facts.OutputTokensHeld, 0)) : 0;
            Assert.True(
                taken - overspent <= Math.Max(amount, AmountNow(limit)),
                $"{taken} of {limit} are taken, {overspent} of them beyond what was held; the limit is {amount}.\n{string.Join('\n', _log.TakeLast(60))}");
        }
    }

    /// <summary>While an amount is being raised, the higher one may hold already.</summary>
    private long AmountNow(LimitKey limit) =>
        _accounts[limit.Account].Limits.Where(now => LimitKey.Of(limit.Account, now) == limit).Max(static now => now.Amount);

    /// <summary>Runs something at an activation, and comes back from it.</summary>
    private static async Task AtAsync(SimulatedKey activation, Func<SimulatedKey, Task> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        activation.Process.Start(async () =>
        {
            try
            {
                await work(activation);
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        await done.Task;
    }

    /// <summary>A recall, which may be lost, be late, or come to an activation of before.</summary>
    private async Task<RoomUse?> AskKeyAsync(string keyId, LimitKey limit, DateTimeOffset windowEnd)
    {
        if (HasFaults && Scheduler.Chance(10))
        {
            return null;
        }

        RoomUse? use = null;
        var activations = _keys[keyId];
        var activation = HasFaults && Scheduler.Chance(10) ? activations[Scheduler.Next(activations.Count)] : activations[^1];
        await TryAsync(() => AtAsync(activation, async key => use = key.IsOpen ? await key.Rooms.GiveBackAsync(limit, windowEnd) : null));
        return use;
    }

    private async Task DisturbAsync(string failure)
    {
        await Scheduler.WaitAsync(6);
        if (HasFaults && Scheduler.Chance(5))
        {
            throw new IOException(failure);
        }
    }

    private static async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is IOException or ClaimLostException or LedgerConflictException)
        {
            // Whoever needs it tries again.
        }
    }

    private void Log(string line) => _log.Add($"{Scheduler.Steps}: {line}");

    private sealed record Box(Hold? Hold);
}
