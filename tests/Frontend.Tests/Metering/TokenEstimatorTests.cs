using Relay.Frontend.Metering;

namespace Relay.Frontend.Tests.Metering;

public sealed class TokenEstimatorTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(3, 1, 1)]
    [InlineData(4, 2, 1)]
    [InlineData(12, 4, 3)]
    [InlineData(13, 5, 4)]
    [InlineData(long.MaxValue, 3074457345618258603, 2305843009213693952)]
    public void FromTextBytes_AnyLength_RoundsUp(long bytes, long bound, long count)
    {
        Assert.Equal(bound, TokenEstimator.BoundFromTextBytes(bytes));
        Assert.Equal(count, TokenEstimator.CountFromTextBytes(bytes));
    }
}
