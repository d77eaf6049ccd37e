using Relay.EndToEnd.Tests.Faults;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// Three silos and two frontends under load with a limit of the organization over all keys, and a team whose limit is used up by eight keys while something fails: exactly as
/// many of its calls are admitted as there is room for.
/// </summary>
public sealed class BudgetFaultTests : IAsyncLifetime
{
    private const int Room = 400;

    private readonly FaultLoad _load = new(callers: 40);
    private FakeUpstream _upstream = null!;
    private RelayCluster _cluster = null!;

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

        await _upstream.DisposeAsync();
    }

    [SkippableFact]
    public async Task Calls_ManyAtOnceOnAllKeysOfATeam_AdmitExactlyWhatThereIsRoomFor()
    {
        var team = await LimitedTeam.CreateAsync(_cluster, "many", room: 37);
        using var door = new FrontDoor(_cluster);

        await team.UseUpAsync(door, callers: 25, CancellationToken.None);
        Assert.InRange(team.Ended, 1, 37);

        // A call that waited so long that its frontend asked twice may have been held twice for a moment, in the place of others.
        await team.SettledAsync();
        await team.UseUpAsync(door, callers: 1, CancellationToken.None);

        Assert.Equal(37, team.Ended);
        Assert.Equal((37, 37), await team.UsageAsync());
        Assert.Equal(37, _upstream.Bill.Entries.Count);
    }

    [SkippableFact]
    public async Task Put_LimitOfATeamLoweredThroughOneFrontend_HoldsOnTheOther()
    {
        var team = await LimitedTeam.CreateAsync(_cluster, "lowered", room: 10_000);
        using var admin = await _cluster.AdminAsync(0);
        using var door = new FrontDoor(_cluster);
        using var stop = new CancellationTokenSource();
        var callers = team.UseUpAsync(door, callers: 2, stop.Token);
        await team.EndedAsync(50);

        await LimitedTeam.PutAsync(admin, "teams/lowered", new { limits = new[] { new { metric = "requests", window = "total", amount = 20 } } });
        var (counted, _) = await team.UsageAsync();
        await callers;

        // Those that ran when it was lowered are counted too, and no other.
        Assert.InRange((await team.UsageAsync()).Counted, 50, counted + 16);
    }

    [SkippableFact]
    public async Task Silo_Killed_TheTeamsLimitAdmitsExactlyWhatItHasRoomFor()
    {
        var team = await RunAsync(async () =>
        {
            await _cluster.Silos[1].KillAsync();
            await _load.EndedAsync(200);
            await _cluster.StartSiloAsync(1);
        });

        // Calls that asked the dead silo may have been held for a second time; their first holds are released, or expire.
        await team.SettledAsync();
        using var door = new FrontDoor(_cluster);
        await team.UseUpAsync(door, callers: 1, CancellationToken.None);
        Assert.Equal(Room, team.Ended);
        Assert.Equal((Room, Room), await team.UsageAsync());
    }

    [SkippableFact]
    public async Task Frontend_Killed_TheTeamsLimitIsNotPassed()
    {
        var team = await RunAsync(async () =>
        {
            await _cluster.Frontends[1].KillAsync();
            await _load.EndedAsync(200);
            await _cluster.StartFrontendAsync(1);
        });

        Assert.InRange((await team.UsageAsync()).Counted, team.Ended, Room);
    }

    private async Task<LimitedTeam> RunAsync(Func<Task> failAsync)
    {
        using (var admin = await _cluster.AdminAsync(0))
        {
            await LimitedTeam.PutAsync(admin, "organization", new { limits = new[] { new { metric = "tokens", window = "total", amount = 1_000_000_000 } } });
        }

        var keys = await FaultCheck.CreateKeysAsync(_cluster.Frontends[0], RelayCluster.AdminKey, count: 12);
        var team = await LimitedTeam.CreateAsync(_cluster, "team", Room);
        using var stop = new CancellationTokenSource();
        using var door = new FrontDoor(_cluster);
        var callers = _load.RunAsync(new Uri("http://relay"), keys, stop.Token, door);
        var teamCallers = team.UseUpAsync(door, callers: 2, CancellationToken.None);
        await _load.EndedAsync(50);
        await failAsync();
        await teamCallers;
        await stop.CancelAsync();
        await callers;
        foreach (var frontend in _cluster.Frontends.Values)
        {
            await FaultCheck.AssertCountedAsync(frontend, RelayCluster.AdminKey, keys, _load, _upstream);
        }

        return team;
    }
}
