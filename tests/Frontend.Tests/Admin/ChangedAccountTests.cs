using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Contracts;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Tests.Admin;

public sealed class ChangedAccountTests
{
    private static readonly LimitBody Tokens = new() { Metric = Metric.Tokens, Window = Window.Day, Amount = 5 };

    [Fact]
    public void FindFault_LimitsThatDifferInOneThing_IsNull() => Assert.Null(ChangedAccount.FindFault(new PutTeamBody
    {
        Limits =
        [
            Tokens,
            Tokens with { Metric = Metric.Requests },
            Tokens with { Window = Window.Week },
            Tokens with { Model = "gpt-4o" },
            Tokens with { Model = "GPT-4o" },
            Tokens with { Enforcement = Enforcement.Observe },
        ],
    }));

    [Theory]
    [InlineData("gpt", "gpt")]
    [InlineData("gpt", "gpt  ")]
    [InlineData(null, null)]
    public void FindFault_LimitThatIsThereTwice_NamesTheSecond(string? model, string? other) => Assert.Equal(
        "limits[2]",
        ChangedAccount.FindFault(new PutUserBody
        {
            Limits = [Tokens with { Model = model }, Tokens with { Window = Window.Hour }, Tokens with { Model = other, Amount = 7 }],
        })?.Param);

    [Fact]
    public void FindFault_LimitsOfKeys_MayBeThereTwice() =>
        Assert.Null(ChangedAccount.FindFault(new PutOrganizationBody { DefaultKeyLimits = [Tokens, Tokens], Limits = [Tokens], DefaultUserLimits = [Tokens] }));

    [Fact]
    public void Make_UserWithoutLimits_LeavesThemToTheDefault()
    {
        Assert.Null(ChangedAccount.Make(new PutUserBody()).Limits);
        Assert.Empty(ChangedAccount.Make(new PutUserBody { Limits = [] }).Limits!.Value);
        Assert.Equal("sales", ChangedAccount.Make(new PutUserBody { Team = "sales " }).Team);
    }
}
