using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>The directory's tables of users, teams and the organization.</summary>
public interface IAccountDirectory
{
    /// <summary>How often the tables were changed; it only grows.</summary>
    Task<long> ReadVersionAsync(CancellationToken cancellationToken);

    /// <summary>All accounts and the version that they are of, of one moment.</summary>
    Task<(long Version, IReadOnlyList<Account> Accounts)> ReadAllAsync(CancellationToken cancellationToken);

    /// <summary>One account, or null. The organization is always there.</summary>
    Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken);

    /// <summary>Users or teams in the order of their ids after the given one (null: from the start).</summary>
    Task<IReadOnlyList<Account>> ListAsync(Level level, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Inserts or changes a row by what is there in the same transaction, and adds 1 to the version.</summary>
    /// <param name="id">The account.</param>
    /// <param name="change">Makes the account of what is there; it may be asked again.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task<Account> PutAsync(AccountId id, Func<Account?, Account> change, CancellationToken cancellationToken);
}
