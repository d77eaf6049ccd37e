using System.Globalization;
using Relay.Grains.Accounts;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Quotas;

public sealed class WindowCountsTests
{
    private static readonly CallOwner Ann = new("ann", null);
    private static readonly CallOwner Bob = new("bob", "growth");

    private readonly WindowCounts _counts = new(Window.Total, TimeZoneInfo.Utc);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(150)]
    public void CountOf_EachOwnerAndModel_HasItsOwnCounter(int models)
    {
        // Two rounds: in the second all counters are there.
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < models; i++)
            {
                Hold(Ann, NameOf(i), requests: 1);
                Hold(Bob, NameOf(i), requests: 10);
            }
        }

        Assert.All(Enumerable.Range(0, models), i => Assert.Equal((0, 22), Taken(NameOf(i), null)));
        Assert.Equal((0, 2 * models), Taken(null, new AccountId(Level.User, "ann")));
        Assert.Equal((0, 20 * models), Taken(null, new AccountId(Level.Team, "growth")));
    }

    [Fact]
    public void CountOf_MoreModelsThanAreToldApart_BooksTheOthersTogether()
    {
        for (var i = 0; i < WindowCounts.ModelsMax + 30; i++)
        {
            Hold(Ann, NameOf(i), requests: 1);
        }

        Assert.Same(_counts.CountOf(Ann, "unheard-of"), _counts.CountOf(Ann, WindowCounts.OtherModels));
        Assert.Equal(30, _counts.CountOf(Ann, "unheard-of").Held.Of(Metric.Requests));

        // One that has its place keeps it.
        Assert.Equal(1, _counts.CountOf(Ann, NameOf(0)).Held.Of(Metric.Requests));
    }

    private static string NameOf(int model) => string.Create(CultureInfo.InvariantCulture, $"model-{model:D3}");

    private void Hold(CallOwner owner, string model, int requests) =>
        _counts.CountOf(owner, model).Add(new Amounts(requests, 0, 0, 0), default, default);

    private (long Used, long Held) Taken(string? pattern, AccountId? account) => _counts.Taken(Metric.Requests, pattern, account);
}
