using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Testing;

namespace Relay.Grains.Tests.Simulation;

/// <summary>
/// One key with a limit of requests, whose owner changes again and again: silos are frozen and go on, settles go to an owner before,
/// and are written by it whenever it likes. Frontends keep their word: they tell where calls go of those that are not settled, twice
/// in R, at once of one whose admission was longer under way than R/4, and take none that was longer under way than R/2. A silo is
/// frozen for longer than L, so that it knows. The seed decides the rest.
/// </summary>
internal sealed class SimulatedTakeover : IAsyncDisposable
{
    /// <summary>For how many calls there is room.</summary>
    public const int Room = 8;

    private const int TickMilliseconds = 250;
    private const int Ticks = 160;

    private readonly SimulatedProcess _frontend;
    private readonly SimulatedProcess _database;
    private readonly List<TakeoverSilo> _silos;
    private readonly Dictionary<Guid, CallFacts> _unsettled = [];
    private int _home;
    private int _asked;
    private int _entriesAtClaim;

    public SimulatedTakeover(int seed)
    {
        Scheduler = new SeededScheduler(seed);
        Clock = new SimulatedClock(Scheduler);
        _frontend = new SimulatedProcess(Scheduler);
        _database = new SimulatedProcess(Scheduler);
        _silos = [new TakeoverSilo(this)];
    }

    public static OwnershipOptions Times { get; } = new() { LeaseSeconds = 2, RenewSeconds = 2 };

    public static KeySettings Settings { get; } = new()
    {
        Id = "key_0000000000000000",
        Name = "simulated",
        User = "ann",
        Hash = default,
        Hint = "",
        CreatedAt = Calls.Noon,
        Limits = [new Limit(Metric.Requests, Window.Total, Room)],
    };

    public SeededScheduler Scheduler { get; }

    public SimulatedClock Clock { get; }

    public MemoryKeyOwners Owners { get; } = new();

    public MemoryLedger Store { get; } = new();

    /// <summary>How many calls a frontend has sent upstream.</summary>
    public int Admitted { get; private set; }

    /// <summary>How many entries were written between a claim and the first admission after it: what the new owner has not read at first.</summary>
    public int WrittenAfterTheClaim { get; private set; }

    public IUsageLedger Connect() => new SimulatedLedger(Store, Scheduler, _database, static () => false);

    public void Claimed() => _entriesAtClaim = Store.Entries.Count;

    public void Run()
    {
        for (var tick = 0; tick < Ticks; tick++)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(TickMilliseconds));
            Disturb();
            foreach (var silo in _silos.Where(silo => tick % 4 == 0 && !silo.IsFrozen))
            {
                silo.RenewLease();
            }

            if (tick % 4 == 0)
            {
                Renew(_unsettled.Values);
            }

            if (Scheduler.Chance(40))
            {
                _frontend.Start(ReserveAsync);
            }

            foreach (var call in _unsettled.Values.Where(_ => Scheduler.Chance(15)).ToList())
            {
                var silo = Scheduler.Chance(50) ? _home : Scheduler.Next(_silos.Count);
                _frontend.Start(() => SettleAsync(silo, call));
            }

            Run(tick);
        }

        SettleAll();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }
    }

    private void Disturb()
    {
        var silo = _silos[Scheduler.Next(_silos.Count)];
        switch (Scheduler.Next(40))
        {
            case 0 or 1:
                silo.Freeze(Clock.Elapsed);
                break;
            case 2 or 3 or 4 or 5 or 6 or 7 when Clock.Elapsed - silo.FrozenAt > Times.Lease:
                silo.Process.PausedUntil = 0;
                break;
            case 8 or 9:
                // The others take the silo of the key for dead, for good; it may run on.
                _silos.Add(new TakeoverSilo(this));
                _home = _silos.Count - 1;
                break;
        }
    }

    /// <summary>Runs whatever can run, every other time perhaps not to its end: no message is under way for as long as R/2.</summary>
    private void Run(int tick)
    {
        var steps = tick % 2 == 0 && Scheduler.Chance(40) ? Scheduler.Next(40) : int.MaxValue;
        while (steps-- > 0 && Scheduler.HasAwake)
        {
            Scheduler.RunOne();
        }
    }

    private void Renew(params IReadOnlyCollection<CallFacts> calls)
    {
        HoldRenewal[] renewals = [.. calls.Select(static call => new HoldRenewal(call, Calls.Tokens(1, 1)))];
        if (renewals.Length > 0)
        {
            var home = _silos[_home];
            _frontend.Start(() => TryAsync(() => home.CallAsync(activation => activation.Calls.RenewAsync(renewals))));
        }
    }

    private async Task ReserveAsync()
    {
        var id = Calls.IdOf(_asked++);
        var sent = Clock.Elapsed;
        CallFacts? call = null;
        await TryAsync(async () => call = await _silos[_home].CallAsync(async activation =>
        {
            await activation.Gate.PrepareAsync();
            return activation.Gate.IsShut || activation.Owner.IsLost || activation.Calls.IsSteppedDown
                ? null
                : activation.Book.Reserve(id, Calls.Endpoint, Calls.Model, 1, 1, 1, Calls.At(Clock.Elapsed)).Hold?.Call;
        }));
        if (call is not null && Clock.Elapsed - sent <= Times.Renewal / 2)
        {
            WrittenAfterTheClaim += Store.Entries.Count - _entriesAtClaim;
            _entriesAtClaim = Store.Entries.Count;
            Admitted++;
            _unsettled.Add(id, call);
            if (Clock.Elapsed - sent > Times.Renewal / 4)
            {
                Renew([call]);
            }
        }
    }

    private Task SettleAsync(int silo, CallFacts call) => TryAsync(async () =>
    {
        await _silos[silo].CallAsync(activation => activation.Calls.SettleAsync(Settings, Calls.Settlement(call, Calls.Tokens(1, 1))));
        _unsettled.Remove(call.RequestId);
    });

    private static async Task TryAsync(Func<Task> send)
    {
        try
        {
            await send();
        }
        catch (StaleActivationException)
        {
            // It is sent again, if it matters.
        }
    }

    private void SettleAll()
    {
        _silos.ForEach(static silo => silo.Process.PausedUntil = 0);
        for (var round = 0; _unsettled.Count > 0; round++)
        {
            Assert.True(round < 20, "The calls cannot be settled.");
            foreach (var call in _unsettled.Values.ToList())
            {
                _frontend.Start(() => SettleAsync(_home, call));
            }

            while (Scheduler.RunOne())
            {
                Assert.True(Scheduler.Steps < 1_000_000, "The simulation does not come to an end.");
            }
        }
    }
}
