using Relay.Hosting;

namespace Relay.Frontend.Tests.Hosting;

public sealed class StartBackoffTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(1_000_000, 10)]
    public void After_MoreAndMoreTries_DoublesUpTo10Seconds(int triesFailed, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), StartBackoff.After(triesFailed));
}
