using Relay.Frontend.Errors;

namespace Relay.Frontend.Tests.Errors;

public sealed class RequestIdsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 8, 30, 15, 250, TimeSpan.Zero);

    [Fact]
    public void Make_IsAVersion7Uuid()
    {
        for (var i = 0; i < 1000; i++)
        {
            var id = RequestIds.Make(Now);

            Assert.Equal(7, id.Version);
            Assert.Equal(8, id.Variant & 0xC);
            Assert.Equal(Now.ToUnixTimeMilliseconds(), long.Parse(id.ToString("N").AsSpan(0, 12), System.Globalization.NumberStyles.HexNumber, null));
        }
    }

    [Fact]
    public void Make_OfOneMoment_NeverTheSame() =>
        Assert.Equal(100_000, Enumerable.Range(0, 100_000).Select(static _ => RequestIds.Make(Now)).Distinct().Count());

    [Fact]
    public void Make_OfALaterMoment_SortsAfter() =>
        Assert.True(string.CompareOrdinal(RequestIds.Format(RequestIds.Make(Now)), RequestIds.Format(RequestIds.Make(Now.AddMilliseconds(1)))) < 0);
}
