using Relay.Frontend.Authentication;

namespace Relay.Frontend.Tests.Authentication;

public sealed class AdminKeyTests
{
    [Theory]
    [InlineData("the key", true)]
    [InlineData("The key", false)]
    [InlineData("the key ", false)]
    [InlineData("the ke", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Matches_AnyText_OnlyTheKeyItself(string? candidate, bool matches) =>
        Assert.Equal(matches, new AdminKey("the key").Matches(candidate));

    [Fact]
    public void Create_Twice_GivesTwoLongKeys()
    {
        var keys = new[] { AdminKey.Create(), AdminKey.Create() };

        Assert.NotEqual(keys[0], keys[1]);
        Assert.All(keys, key => Assert.Matches("^relay-admin-[0-9A-Za-z]{40}$", key));
    }
}
