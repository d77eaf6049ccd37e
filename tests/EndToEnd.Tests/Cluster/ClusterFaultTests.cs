using System.Net;
using Npgsql;
using Relay.EndToEnd.Tests.Faults;
using Relay.Testing;
using Relay.Testing.Upstreams;
using Xunit.Abstractions;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// Three silos and two frontends under load, while something of them fails. Besides what <see cref="FaultCheck"/> checks, one key has
/// a limit of requests that is used up meanwhile: whatever fails, exactly as many calls are admitted as it has room for.
/// </summary>
public sealed class ClusterFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    // Only a silo that is never found out reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(2);

    private readonly FaultLoad _load = new(callers: 60);
    private readonly Dictionary<int, SiloGates> _gates = [];
    private FakeUpstream _upstream = null!;
    private RelayCluster _cluster = null!;
    private IReadOnlyList<LoadKey> _keys = [];

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _cluster = await RelayCluster.StartAsync(_upstream.BaseUrl, silos: 3, frontends: 2);
    }

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        foreach (var gates in _gates.Values)
        {
            await gates.DisposeAsync();
        }

        await _upstream.DisposeAsync();
    }

    [SkippableFact]
    public Task Silo_Killed_NoCallFailsAndNoCountIsLost() => RunAsync(mayFail: false, async random =>
    {
        var silo = random.Next(3);
        await _cluster.Silos[silo].KillAsync();
        await EveryKeyAnswersAsync();
        await _cluster.StartSiloAsync(silo);
    });

    [SkippableFact]
    public Task Silo_StoppedInOrder_NoCallFailsAndNoCountIsLost() => RunAsync(mayFail: false, async random =>
    {
        var silo = random.Next(3);
        Assert.Equal(0, await _cluster.Silos[silo].StopAsync());

        // Its keys have moved, each without its snapshot.
        Assert.DoesNotContain("dehydrat", _cluster.Silos[silo].Output, StringComparison.OrdinalIgnoreCase);
        await _load.EndedAsync(random.Next(100, 600));
        await _cluster.StartSiloAsync(silo);
    });

    [SkippableFact]
    public Task Silo_FrozenUntilTheOthersTakeItForDead_AdmitsNothingWhenItGoesOn() => RunAsync(mayFail: false, async random =>
    {
        var silo = random.Next(3);
        await _cluster.Silos[silo].FreezeAsync();
        await TakenForDeadAsync(silo);
        await EveryKeyAnswersAsync();
        await _cluster.Silos[silo].ThawAsync();

        // It finds out that it was declared dead, and ends itself.
        Assert.NotEqual(0, await _cluster.Silos[silo].ExitAsync());
        await _cluster.StartSiloAsync(silo);
    });

    [SkippableFact]
    public Task Silo_GoneWhileItsTransactionStaysOpen_NoCallFails() => RunAsync(mayFail: false, async random =>
    {
        // What the server has of a silo that was frozen amid a transaction, until it ends the session.
        await using var left = new NpgsqlConnection(_cluster.Postgres.ConnectionString);
        await left.OpenAsync();
        await using var transaction = await left.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("UPDATE key_owners SET epoch = epoch", left, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var silo = random.Next(3);
        var waitedInVain = _cluster.Silos.Where(other => other.Key != silo)
            .Select(static other => other.Value.WritesAsync("A change waited in vain for rows that another transaction holds."))
            .ToList();
        await _cluster.Silos[silo].KillAsync();

        // Should the silo have had no key, nobody claims one, and the round goes on when this has waited long enough.
        await Task.WhenAny(waitedInVain);
        await transaction.RollbackAsync();
        await EveryKeyAnswersAsync();
        await _cluster.StartSiloAsync(silo);
    });

    [SkippableFact]
    public Task Silo_CutOffFromTheOthers_NoCountIsLost() => RunAsync(
        mayFail: true,
        async random =>
        {
            var silo = random.Next(3);
            await using (var gates = await GateSiloAsync(silo))
            {
                await _load.EndedAsync(random.Next(50, 200));
                gates.Shut();
                await EveryKeyAnswersAsync();
                gates.Open();
                await _load.EndedAsync(random.Next(50, 200));
                await _cluster.Silos[silo].DisposeAsync();
            }

            await _cluster.StartSiloAsync(silo);
        });

    [SkippableFact]
    public Task TwoSilos_CutOffFromEachOther_NoCountIsLost() => RunAsync(
        mayFail: true,
        async random =>
        {
            var one = random.Next(3);
            var other = (one + random.Next(1, 3)) % 3;
            var (gatesOfOne, gatesOfOther) = (await GateForGoodAsync(one), await GateForGoodAsync(other));
            await _load.EndedAsync(random.Next(50, 200));
            gatesOfOne.ShutFor(IPAddress.Parse(_cluster.AddressOf(other)));
            gatesOfOther.ShutFor(IPAddress.Parse(_cluster.AddressOf(one)));
            await Task.WhenAll(MissesProbeAsync(one), MissesProbeAsync(other));
            await _load.EndedAsync(random.Next(50, 600));

            // The third silo reaches both, and says so: neither is declared dead.
            Assert.False(await _cluster.IsDeclaredDeadAsync(one));
            Assert.False(await _cluster.IsDeclaredDeadAsync(other));
            gatesOfOne.Open();
            gatesOfOther.Open();
            await EveryKeyAnswersAsync();
        });

    [SkippableFact]
    public Task Silo_CutOffFromTheDatabase_NoCountIsLost() => RunAsync(
        mayFail: true,
        async random =>
        {
            var silo = random.Next(3);
            await using var gate = new TcpGate(new IPEndPoint(IPAddress.Loopback, 0), _cluster.Postgres.Socket);
            await _cluster.Silos[silo].StopAsync();
            await _cluster.StartSiloAsync(silo, connectionString: PrivatePostgres.ConnectionStringBy(gate.Port));
            await _load.EndedAsync(random.Next(50, 200));
            gate.Shut();
            await EveryKeyAnswersAsync();
            gate.Open();
            await _load.EndedAsync(random.Next(100, 300));
            await _cluster.Silos[silo].DisposeAsync();
            await _cluster.StartSiloAsync(silo);
        });

    [SkippableFact]
    public Task Frontend_Killed_NoCountIsLost() => RunAsync(
        mayFail: true,
        async random =>
        {
            var frontend = random.Next(2);
            await _cluster.Frontends[frontend].KillAsync();
            await _load.EndedAsync(random.Next(100, 600));
            await _cluster.StartFrontendAsync(frontend);
        });

    [SkippableFact]
    public Task Database_Killed_NoCountIsLost() => RunAsync(
        mayFail: true,
        async random =>
        {
            await _cluster.Postgres.KillAsync();
            await _load.RefusedAsync(random.Next(1, 60));
            await _cluster.Postgres.StartAsync();
        },
        byDoor: false);

    [SkippableFact]
    public Task EveryProcess_RestartedInTurn_NoCallFails() => RunAsync(mayFail: false, async random =>
    {
        foreach (var silo in _cluster.Silos.Keys.ToList())
        {
            Assert.Equal(0, await _cluster.Silos[silo].StopAsync());
            await _cluster.StartSiloAsync(silo);
            await _load.EndedAsync(random.Next(1, 100));
        }

        foreach (var frontend in _cluster.Frontends.Keys.ToList())
        {
            Assert.Equal(0, await _cluster.Frontends[frontend].StopAsync());
            await _cluster.StartFrontendAsync(frontend);
            await _load.EndedAsync(random.Next(1, 100));
        }
    });

    /// <summary>Runs rounds of a fault under load.</summary>
    /// <param name="mayFail">Whether clients may be refused or cut because of it.</param>
    /// <param name="failAsync">Lets something fail, and mends it.</param>
    /// <param name="byDoor">Whether calls go to frontends that are ready; else to one of them, whether it is or not.</param>
    private async Task RunAsync(bool mayFail, Func<Random, Task> failAsync, bool byDoor = true)
    {
        const int Room = 400;
        var random = FaultRounds.Random(out var seed);
        output.WriteLine($"RELAY_FAULT_SEED={seed}");
        var keys = _keys = await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 12);
        for (var round = 0; round < FaultRounds.Count; round++)
        {
            var limited = await LimitedKey.CreateAsync(_cluster, Room);
            using var stop = new CancellationTokenSource();
            using var door = new FrontDoor(_cluster);
            var callers = byDoor
                ? _load.RunAsync(new Uri("http://relay"), keys, stop.Token, door)
                : _load.RunAsync(await _cluster.Frontends[0].ListeningAsync(), keys, stop.Token);
            var limitedCallers = limited.UseUpAsync(door, stop.Token);
            await _load.EndedAsync(random.Next(50, 300));
            try
            {
                await failAsync(random);
            }
            catch (TimeoutException e)
            {
                Assert.Fail($"{e.Message} {_load.Ended.Count} calls ended normally, {_load.Failed} failed; callers: {callers.Status}, {callers.Exception?.InnerException?.Message}; the last refusal: {_load.LastRefusal}\n{Warnings()}");
            }

            await _load.EndedAsync(random.Next(50, 300));
            await stop.CancelAsync();
            await callers;
            await limitedCallers;
            foreach (var frontend in _cluster.Frontends.Values)
            {
                await FaultCheck.AssertCountedAsync(frontend, RelayCluster.AdminKey, keys, _load, _upstream);
            }

            await limited.AssertKeptAsync();
            if (!mayFail && _load.Failed > 0)
            {
                Assert.Fail($"{_load.Failed} calls failed; the last refusal: {_load.LastRefusal}\n{Warnings()}");
            }
        }

        await using var database = new NpgsqlConnection(_cluster.Postgres.ConnectionString);
        await FaultCheck.AssertWholeAsync(database);
        output.WriteLine($"{FaultRounds.Count} rounds, {_load.Ended.Count} calls ended normally, {_load.Failed} failed; the longest took {_load.Longest.TotalSeconds:F1} s.");
    }

    /// <summary>What the processes that run now warned of, and from where the exceptions came.</summary>
    private string Warnings() => string.Join('\n', _cluster.Frontends.Values.Concat(_cluster.Silos.Values)
        .SelectMany(static process => $"{process.Output}\n{process.Errors}".Split('\n'))
        .Where(static line => !line.Contains(" info: ", StringComparison.Ordinal)));

    /// <summary>Waits until the keys of a silo that is gone have found another one: each must answer more often than it has callers that may have been answered before.</summary>
    private Task EveryKeyAnswersAsync() => _load.EndedOfEachAsync(_keys, 10);

    /// <summary>Waits until the others have declared a silo dead, which they do whether it owns any of the keys or not.</summary>
    private async Task TakenForDeadAsync(int silo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await _cluster.IsDeclaredDeadAsync(silo))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < WaitMax, "The others do not take the silo for dead.");
            await _load.EndedAsync(20);
        }
    }

    /// <summary>Starts a silo anew that the others reach by gates only.</summary>
    private async Task<SiloGates> GateSiloAsync(int silo)
    {
        var listening = _cluster.AddressOf(silo + 100);
        await _cluster.Silos[silo].StopAsync();
        var gates = new SiloGates(_cluster.AddressOf(silo), listening);
        await _cluster.StartSiloAsync(silo, listening);
        return gates;
    }

    /// <summary>The same, once: the gates stay for the rest of the test.</summary>
    private async Task<SiloGates> GateForGoodAsync(int silo) =>
        _gates.TryGetValue(silo, out var gates) ? gates : _gates[silo] = await GateSiloAsync(silo);

    /// <summary>Waits until that silo asks another one whether it lives, and has no answer.</summary>
    private Task MissesProbeAsync(int silo) => _cluster.Silos[silo].WritesAsync("Did not get response for probe");

    /// <summary>The gates before both ports of a silo.</summary>
    private sealed class SiloGates(string from, string target) : IAsyncDisposable
    {
        private readonly TcpGate[] _gates = [.. new[] { 11_111, 30_000 }
            .Select(port => new TcpGate(new IPEndPoint(IPAddress.Parse(from), port), new IPEndPoint(IPAddress.Parse(target), port)))];

        public void Shut() => Array.ForEach(_gates, static gate => gate.Shut());

        public void ShutFor(IPAddress silo) => Array.ForEach(_gates, gate => gate.ShutFor(silo));

        public void Open() => Array.ForEach(_gates, static gate => gate.Open());

        public async ValueTask DisposeAsync()
        {
            foreach (var gate in _gates)
            {
                await gate.DisposeAsync();
            }
        }
    }
}
