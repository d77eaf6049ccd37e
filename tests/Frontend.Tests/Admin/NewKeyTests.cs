using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Authentication;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Tests.Admin;

public sealed class NewKeyTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_780_000_000);

    [Fact]
    public void FindFault_Longest_IsNull() => Assert.Null(NewKey.FindFault(
        new CreateKeyBody
        {
            Name = new string('n', 128),
            User = "Zoë 🦊 \" ' ; --",
            Models = [.. Enumerable.Repeat(new string('m', 256), 100)],
            ExpiresAt = 253_402_300_799,
            Limits = [.. Enumerable.Repeat(new LimitBody { Metric = Metric.Tokens, Window = Window.Total, Amount = 1_000_000_000_000_000 }, 50)],
        },
        Now));

    [Fact]
    public void FindFault_OneTooMany_NamesTheList()
    {
        Assert.Equal("models", ParamOf(new CreateKeyBody { User = "a", Models = [.. Enumerable.Repeat("m", 101)] }));
        Assert.Equal("models", ParamOf(new CreateKeyBody { User = "a", Models = [new string('m', 257)] }));
        Assert.Equal(
            "limits",
            ParamOf(new CreateKeyBody { User = "a", Limits = [.. Enumerable.Repeat(new LimitBody { Metric = Metric.Tokens, Window = Window.Day, Amount = 1 }, 51)] }));
    }

    [Theory]
    [InlineData(1_780_000_000, "expires_at")]
    [InlineData(1_780_000_001, null)]
    [InlineData(253_402_300_799, null)]
    [InlineData(253_402_300_800, "expires_at")]
    [InlineData(long.MinValue, "expires_at")]
    public void FindFault_ExpiresAt_MustBeATimeToCome(long expiresAt, string? param) =>
        Assert.Equal(param, ParamOf(new CreateKeyBody { User = "a", ExpiresAt = expiresAt }));

    [Fact]
    public void Make_AnyBody_KeepsTheHashOfTheTextAndNeverTheText()
    {
        var settings = NewKey.Make(
            new CreateKeyBody { User = "alice", Limits = [new LimitBody { Metric = Metric.Concurrency, Amount = 3 }] }, Now, out var text);

        Assert.True(ApiKeyToken.TryParse(text, out var token));
        Assert.Equal(token.KeyId, settings.Id);
        Assert.Equal(token.Hash, settings.Hash);
        Assert.Equal("alice", settings.Name);
        Assert.Equal(Now, settings.CreatedAt);
        Assert.Null(settings.ExpiresAt);
        Assert.Equal(new Limit(Metric.Concurrency, Window.Total, 3), Assert.Single(settings.Limits));
        Assert.DoesNotContain(text, settings.ToString(), StringComparison.Ordinal);
    }

    private static string? ParamOf(CreateKeyBody body) => NewKey.FindFault(body, Now)?.Param;
}
