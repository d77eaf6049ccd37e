using System.Text.Json;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using Relay.Testing;

namespace Relay.Grains.Tests.Simulation;

/// <summary>
/// Two silos, a few keys and their callers, on one thread and one ledger. Messages go astray to a second activation, arrive
/// twice, late or never; silos are killed and stopped; commits end in doubt. The seed decides all of it.
/// </summary>
internal sealed class SimulatedCluster : IDisposable
{
    private const int FaultySteps = 3_000;

    private static readonly string[] Keys = ["key_aaaaaaaaaaaaaaaa", "key_bbbbbbbbbbbbbbbb"];

    private readonly SimulatedProcess _frontend;
    private readonly SimulatedProcess _database;
    private readonly SimulatedSilo[] _silos;
    private readonly List<SimulatedCall> _calls = [];

    public SimulatedCluster(int seed)
    {
        Scheduler = new SeededScheduler(seed);
        Clock = new SimulatedClock(Scheduler);
        _frontend = new SimulatedProcess(Scheduler);
        _database = new SimulatedProcess(Scheduler);
        Store.Reject(static entry => entry.Settlement.Call.Model is "refused");
        _silos = [new SimulatedSilo(this), new SimulatedSilo(this)];
    }

    /// <summary>The one database.</summary>
    public MemoryLedger Store { get; } = new();

    public SeededScheduler Scheduler { get; }

    public SimulatedClock Clock { get; }

    public Dictionary<string, (QuotaBookState State, int Version)> Snapshots { get; } = new(StringComparer.Ordinal);

    public Instant Now => Calls.At(Clock.Elapsed);

    private bool HasFaults => Scheduler.Steps < FaultySteps;

    public IUsageLedger Connect() => new SimulatedLedger(Store, Scheduler, _database, () => HasFaults);

    public static QuotaBook BookOf(QuotaBookState state) => new(TimeZoneInfo.Utc, Calls.HoldTimeout, state);

    /// <summary>Saves a snapshot as grain storage does: only over the version that the activation knows.</summary>
    public int SaveNowAndThen(string keyId, KeyCalls calls, int version)
    {
        if (!Scheduler.Chance(30) || calls.TakeSnapshot() is not { } state)
        {
            return version;
        }

        if (Snapshots.GetValueOrDefault(keyId).Version != version)
        {
            calls.StepDown(new IOException("Another activation saved a snapshot."));
            return version;
        }

        Snapshots[keyId] = (state, version + 1);
        return version + 1;
    }

    /// <summary>Lets that many calls run to their ends, through all faults and then without any.</summary>
    public void Run(int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            var call = new SimulatedCall(i);
            _calls.Add(call);
            _frontend.Start(() => LiveAsync(call));
        }

        while (Scheduler.RunOne())
        {
            if (HasFaults)
            {
                Disturb();
            }

            Assert.True(Scheduler.Steps < 200_000, "The simulation does not come to an end.");
        }

        // What nobody renews any more expires.
        Clock.Advance(Calls.HoldTimeout * 2);
        Expire();
        while (Scheduler.RunOne())
        {
            Assert.True(Scheduler.Steps < 400_000, "The simulation does not come to an end.");
        }
    }

    public void Dispose()
    {
        foreach (var silo in _silos)
        {
            silo.Dispose();
        }
    }

    public void AssertExactlyOnce()
    {
        Assert.Equal(0, Store.GapsRefused);
        foreach (var call in _calls)
        {
            AssertCounted(call, Store.Entries.Where(entry => entry.Settlement.Call.RequestId == Calls.IdOf(call.Number)).ToList());
        }

        foreach (var keyId in Keys)
        {
            var entries = Store.Entries.Where(entry => string.Equals(entry.KeyId, keyId, StringComparison.Ordinal)).OrderBy(static entry => entry.Sequence).ToList();
            Assert.Equal(Enumerable.Range(1, entries.Count).Select(static i => (long)i), entries.Select(static entry => entry.Sequence));

            var (state, _) = Snapshots.GetValueOrDefault(keyId, (new QuotaBookState(), 0));
            var next = BookOf(state);
            entries.Where(entry => entry.Sequence > state.Sequence).ToList().ForEach(next.Apply);
            AssertDerived(next, entries);
            foreach (var (_, activation) in _silos.SelectMany(static silo => silo.Activations).Where(pair => string.Equals(pair.Key, keyId, StringComparison.Ordinal)))
            {
                AssertDerived(activation.Book, entries);
                Assert.Equal(0, activation.Book.HoldCount);
                Assert.Equal(new KeyPosition(activation.Book.CommittedSequence, activation.Book.Usage(Now).Totals), activation.Calls.GetPosition());
            }
        }
    }

    private static void AssertCounted(SimulatedCall call, List<UsageEntry> entries)
    {
        var sum = entries.Aggregate(default(UsageTotals), static (sum, entry) => sum + entry.Totals);
        if (call.IsAcknowledged)
        {
            Assert.Equal(new UsageTotals(1, call.Bill!.Value), sum);
        }
        else if (call.Bill is { } bill)
        {
            Assert.True(
                sum == default || (sum.Requests == 1 && (sum.Tokens == bill || call.Told.Contains(sum.Tokens))),
                $"Call {call.Number}, whose frontend died, is counted as {sum}.");
        }
        else
        {
            // A grain cannot tell a call whose release never came from one that was sent by a frontend which died; so its input counts.
            Assert.True(sum == default || (!call.IsReleased && sum == new UsageTotals(1, Calls.Tokens(10, 0))), $"Call {call.Number}, which was never sent, is counted as {sum}.");
        }
    }

    /// <summary>The book counts what the ledger has up to the book's sequence, and nothing else.</summary>
    private void AssertDerived(QuotaBook book, List<UsageEntry> entries)
    {
        var derived = BookOf(new QuotaBookState());
        entries.Where(entry => entry.Sequence <= book.CommittedSequence).ToList().ForEach(derived.Apply);
        Assert.Equal(JsonSerializer.Serialize(derived.Usage(Now)), JsonSerializer.Serialize(book.Usage(Now)));
    }

    private void Disturb()
    {
        var silo = Scheduler.Next(_silos.Length);
        switch (Scheduler.Next(400))
        {
            case 0:
                _silos[silo].Dispose();
                _silos[silo] = new SimulatedSilo(this);
                break;
            case 1:
                _silos[silo].Process.PausedUntil = Scheduler.Steps + Scheduler.Next(300);
                break;
            case 2 or 3:
                Clock.Advance(Calls.HoldTimeout / 2);
                Expire();
                break;
            default:
                break;
        }
    }

    private void Expire()
    {
        foreach (var silo in _silos)
        {
            foreach (var keyId in silo.Activations.Keys)
            {
                Forget(() => silo.CallAsync(keyId, activation => activation.Calls.ExpireAsync(SettingsOf(keyId))));
            }
        }
    }

    /// <summary>One call, as its frontend sees it.</summary>
    private async Task LiveAsync(SimulatedCall call)
    {
        var keyId = Keys[call.Number % Keys.Length];
        CallFacts? facts = null;
        await UntilDoneAsync(() => SendAsync(keyId, activation =>
        {
            call.Reach(activation, Clock.Elapsed);
            var id = Calls.IdOf(call.Number);
            if (activation.Calls.IsReleased(id, Now))
            {
                return Task.CompletedTask;
            }

            var model = call.Number % 7 == 0 ? "refused" : Calls.Model;
            facts ??= activation.Book.Reserve(id, Calls.Endpoint, model, 10, 20, 1, Now).Hold?.Call;
            return Task.CompletedTask;
        }));
        if (facts is null)
        {
            return;
        }

        Task RenewAsync(TokenUsage soFar) => SendAsync(keyId, async activation =>
        {
            call.Reach(activation, Clock.Elapsed);
            await activation.Calls.RenewAsync([new HoldRenewal(facts, soFar)]);
        });
        if (Scheduler.Chance(25))
        {
            // What was sent before the release may arrive after it.
            Repeat(() => RenewAsync(Calls.Tokens(10, 0)));
            await Scheduler.WaitAsync(20);
            await UntilDoneAsync(() => ReleaseAsync(call, keyId));
            Repeat(() => RenewAsync(Calls.Tokens(10, 0)));
            Repeat(() => ReleaseAsync(call, keyId));
            return;
        }

        await Scheduler.WaitAsync(20);

        call.Bill = Calls.Tokens(10, 50 + call.Number);
        for (var told = Scheduler.Next(4); told > 0; told--)
        {
            var soFar = Calls.Tokens(10, call.Told.Count);
            call.Told.Add(soFar);
            Repeat(() => RenewAsync(soFar));
            await Scheduler.WaitAsync(20);
        }

        var settlement = Calls.Settlement(facts, call.Bill.Value);
        Task SettleAsync() => SendAsync(keyId, activation => activation.Calls.SettleAsync(SettingsOf(keyId), settlement));
        if (Scheduler.Chance(50))
        {
            Repeat(SettleAsync);
        }

        // Otherwise the frontend dies.
        if (Scheduler.Chance(80))
        {
            await UntilDoneAsync(SettleAsync);
            call.IsAcknowledged = true;
            Repeat(SettleAsync);
        }
    }

    private Task ReleaseAsync(SimulatedCall call, string keyId) => SendAsync(keyId, async activation =>
    {
        var now = Clock.Elapsed;
        await activation.Calls.ReleaseAsync(Calls.IdOf(call.Number));
        call.ReleasedBy[activation] = now;
    });

    /// <summary>Sends a message that may be lost or arrive twice, whenever it likes.</summary>
    private void Repeat(Func<Task> send)
    {
        for (var times = Scheduler.Next(3); times > 0; times--)
        {
            Forget(send);
        }
    }

    private void Forget(Func<Task> send) => _frontend.Start(async () =>
    {
        try
        {
            await send();
        }
        catch (Exception exception) when (exception is IOException or StaleActivationException)
        {
            // Nobody waits for it.
        }
    });

    private async Task UntilDoneAsync(Func<Task> send)
    {
        while (true)
        {
            try
            {
                await send();
                return;
            }
            catch (Exception exception) when (exception is IOException or StaleActivationException)
            {
                await Scheduler.WaitAsync(20);
            }
        }
    }

    /// <summary>Most messages go to the same silo; some to another, which takes itself for the owner too.</summary>
    private async Task SendAsync(string keyId, Func<SimulatedActivation, Task> message)
    {
        await Scheduler.WaitAsync(30);
        await _silos[Scheduler.Chance(HasFaults ? 20 : 0) ? 1 : 0].CallAsync(keyId, message);
    }

    private static KeySettings SettingsOf(string keyId) => new()
    {
        Id = keyId,
        Name = "simulated",
        User = "ann",
        Hash = default,
        Hint = "",
        CreatedAt = Calls.Noon,
    };
}
