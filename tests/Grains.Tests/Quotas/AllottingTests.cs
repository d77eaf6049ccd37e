using CsCheck;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Quotas;

public sealed class AllottingTests
{
    private static readonly LimitKey Tokens = LimitKey.Of(AccountId.Organization, new Limit(Metric.Tokens, Window.Total, 100));

    [Fact]
    public void Decide_Any_NeverGrantsWhatIsNotThereAndAlwaysWhatIsNeededAndThere() =>
        Gen.Select(Gen.Long[0, 1_000_000_000_000], Gen.Long[0, 1_000_000_000], Gen.Long[0, 1_000_000_000], Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000_000])
            .Select(Gen.Long[0, 1_000_000_000], Gen.Long[0, 1_000_000_000])
            .Sample(static (ask, ceiling, others) =>
            {
                var (amount, used, held, needed, wanted) = ask;

                var granted = Allotting.Decide(Ask(amount, used, held, needed, wanted), others + ceiling, ceiling);

                var least = Math.Max(used + held, ceiling);
                Assert.True(granted >= least);
                Assert.True(granted == least || others + granted <= amount);
                Assert.True(granted >= used + held + needed || others + granted >= amount);
            });

    [Theory]
    [InlineData(60_000, 0, 140)]
    [InlineData(60_000, 500, 640)]
    [InlineData(60_000, 500_000, 140 + (59_860 / 8))]
    [InlineData(65_536_000_140, 0, 140)]
    [InlineData(65_536_000_140, 500, 1_000_140)]
    [InlineData(65_536_000_140, 2_000_000, 2_000_140)]
    public void Decide_KeyWantsMoreThanItNeeds_GetsThatOrAPartOfPlenty(long amount, long wanted, long expected) =>
        Assert.Equal(expected, Allotting.Decide(Ask(amount, used: 100, held: 0, needed: 40, wanted), allotted: 0, ceiling: 0));

    private static RoomAsk Ask(long amount, long used, long held, long needed, long wanted) => new()
    {
        Limit = Tokens,
        Amount = amount,
        Window = new WindowBounds(DateTimeOffset.MinValue, null),
        Used = used,
        Held = held,
        Needed = needed,
        Wanted = wanted,
    };
}
