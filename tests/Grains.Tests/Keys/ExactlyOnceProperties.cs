using CsCheck;
using Relay.Grains.Tests.Simulation;

namespace Relay.Grains.Tests.Keys;

public sealed class ExactlyOnceProperties
{
    [Fact]
    public void Calls_AnyOrderOfMessagesFaultsAndCrashes_AreCountedExactlyOnce() =>
        Gen.Int.Sample(
            static seed =>
            {
                using var cluster = new SimulatedCluster(seed);
                cluster.Run(calls: 30);
                cluster.AssertExactlyOnce();
            },
            iter: 300);

    [Fact]
    public void Run_SameSeed_IsTheSameRun()
    {
        using var first = new SimulatedCluster(7);
        using var second = new SimulatedCluster(7);

        first.Run(calls: 30);
        second.Run(calls: 30);

        Assert.Equal(first.Store.Entries, second.Store.Entries);
        Assert.Equal(first.Scheduler.Steps, second.Scheduler.Steps);
    }

    [Fact]
    public void Run_SomeSeeds_MeetWhatTheRulesAreFor()
    {
        var (conflicts, corrections, withoutTexts, shared) = (0, 0, 0, 0);
        for (var seed = 0; seed < 20; seed++)
        {
            using var cluster = new SimulatedCluster(seed);
            cluster.Run(calls: 30);
            conflicts += cluster.Store.ConflictsRefused;
            corrections += cluster.Store.Entries.Count(static entry => entry.Part == 1);
            withoutTexts += cluster.Store.Entries.Count(static entry => entry.Settlement.Call.Model.Length == 0);
            shared += cluster.Store.Batches.Count(static rows => rows > 1);
        }

        Assert.All([conflicts, corrections, withoutTexts, shared], static times => Assert.True(times > 20, $"{times} times are too few."));
    }
}
