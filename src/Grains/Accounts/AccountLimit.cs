using Relay.Grains.Allotments;
using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>A limit of a user, a team or the organization.</summary>
/// <param name="Account">Whose it is.</param>
/// <param name="Limit">The limit.</param>
internal sealed record AccountLimit(AccountId Account, Limit Limit)
{
    /// <summary>The limit's name.</summary>
    public LimitKey Key { get; } = LimitKey.Of(Account, Limit);
}
