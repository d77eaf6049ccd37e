using Relay.Frontend.Errors;
using Relay.Grains.Accounts;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Tests.Errors;

public sealed class AccountSuspendedTests
{
    [Theory]
    [InlineData(Level.User, "ann", "because user ann is suspended")]
    [InlineData(Level.Team, "growth", "because team growth is suspended")]
    [InlineData(Level.Organization, "organization", "because the organization is suspended")]
    public void AccountSuspended_AnyLevel_NamesTheAccount(Level level, string id, string named)
    {
        var error = RelayError.AccountSuspended(new AccountId(level, id));

        Assert.Equal((403, "invalid_request_error", "account_suspended", null), (error.Status, error.Type, error.Code, error.Param));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Null(error.RetryAfter);
    }
}
