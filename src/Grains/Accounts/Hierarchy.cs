using System.Collections.Concurrent;
using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>All users, teams and the organization at one moment.</summary>
internal sealed class Hierarchy
{
    /// <summary>Nobody, and an organization without limits.</summary>
    public static readonly Hierarchy Empty = new(0, []);

    private readonly Dictionary<AccountId, Account> _accounts;
    private readonly ConcurrentDictionary<string, AccountPath> _paths = new(StringComparer.Ordinal);

    /// <summary>Takes what the directory has.</summary>
    /// <param name="version">How often it was changed.</param>
    /// <param name="accounts">All its accounts.</param>
    public Hierarchy(long version, IEnumerable<Account> accounts)
    {
        Version = version;
        _accounts = accounts.ToDictionary(static account => new AccountId(account.Level, account.Id));
    }

    /// <summary>How often the directory had been changed.</summary>
    public long Version { get; }

    /// <summary>One account, or null.</summary>
    public Account? Find(AccountId id) => _accounts.GetValueOrDefault(id);

    /// <summary>What is above the keys of a user. One that was made just now has the default limits.</summary>
    public AccountPath PathOf(string user) =>
        _paths.TryGetValue(user, out var path) ? path : _paths.GetOrAdd(user, MakePath(user));

    private AccountPath MakePath(string userId)
    {
        var id = new AccountId(Level.User, userId);
        var organization = Find(AccountId.Organization);
        var user = Find(id);
        var teamId = user?.Team is { } team ? new AccountId(Level.Team, team) : default(AccountId?);
        var teamAccount = teamId is { } known ? Find(known) : null;
        List<AccountLimit> limits =
        [
            .. (user?.Limits ?? organization?.DefaultUserLimits ?? []).Select(limit => new AccountLimit(id, limit)),
            .. (teamAccount?.Limits ?? []).Select(limit => new AccountLimit(teamId!.Value, limit)),
            .. (organization?.Limits ?? []).Select(static limit => new AccountLimit(AccountId.Organization, limit)),
        ];
        AccountId? suspended = user?.SuspendedAt is not null ? id
            : teamAccount?.SuspendedAt is not null ? teamId
            : organization?.SuspendedAt is not null ? AccountId.Organization
            : null;
        return new AccountPath(new CallOwner(userId, user?.Team), [.. limits.DistinctBy(static limit => limit.Key)], suspended);
    }
}
