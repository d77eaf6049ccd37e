using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>Whose a call is: to whom its key belonged when it was reserved.</summary>
/// <param name="User">The user; null when nobody knows any more, so that the call counts for everyone.</param>
/// <param name="Team">The user's team, or null.</param>
internal readonly record struct CallOwner(string? User, string? Team)
{
    /// <summary>Whether the call counts for an account.</summary>
    public bool IsPartOf(AccountId account) => User is null || account.Level switch
    {
        Level.User => string.Equals(User, account.Id, StringComparison.Ordinal),
        Level.Team => string.Equals(Team, account.Id, StringComparison.Ordinal),
        _ => true,
    };
}
