using Relay.Testing;

namespace Relay.EndToEnd.Tests;

/// <summary>Compares what Relay has counted with what the upstream has billed.</summary>
internal static class Counts
{
    /// <summary>The key's and the user's totals are so many calls and exactly the bill.</summary>
    public static async Task AssertBilledAsync(RelayCaller caller, int requests)
    {
        var (ofKey, ofUser) = (await caller.UsageAsync(), await caller.UserUsageAsync());
        Assert.Equal((requests, caller.Billed), (ofKey.Requests, ofKey.Tokens));
        Assert.Equal((requests, caller.Billed), (ofUser.Requests, ofUser.Tokens));
    }

    /// <summary>Nothing was counted, neither calls nor tokens.</summary>
    public static async Task AssertNothingAsync(RelayCaller caller)
    {
        var usage = await caller.UsageAsync();
        Assert.Equal((0, default), (usage.Requests, usage.Tokens));
        Assert.All(usage.Limits, limit => Assert.Equal(0, limit.GetProperty("held").GetInt64()));
    }
}
