using CsCheck;
using Relay.Grains.Tests.Simulation;

namespace Relay.Grains.Tests.Ownership;

/// <summary>While owners change, and those before write on, a limit is kept to the call and no count is lost or doubled.</summary>
public sealed class TakeoverProperties
{
    [Fact]
    public Task Admission_OwnersBeforeWriteOn_NeverPassesTheLimit() => Gen.Int.SampleAsync(
        static async seed =>
        {
            await using var cluster = new SimulatedTakeover(seed);
            cluster.Run();
            Assert.InRange(cluster.Admitted, 0, SimulatedTakeover.Room);
            Assert.Equal(cluster.Admitted, cluster.Store.Entries.Count);
            Assert.Equal(cluster.Admitted, cluster.Store.Entries.Sum(static entry => entry.Requests));
            Assert.Equal(0, cluster.Store.GapsRefused);
        },
        iter: 1_000);

    [Fact]
    public async Task Run_SomeSeeds_MeetWhatTheRulesAreFor()
    {
        var (written, conflicts, full) = (0, 0, 0);
        for (var seed = 0; seed < 100; seed++)
        {
            await using var cluster = new SimulatedTakeover(seed);
            cluster.Run();
            written += cluster.WrittenAfterTheClaim;
            conflicts += cluster.Store.ConflictsRefused;
            full += cluster.Admitted == SimulatedTakeover.Room ? 1 : 0;
        }

        Assert.All([written, conflicts, full], static times => Assert.True(times > 10, $"{times} times are too few."));
    }
}
