using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>The directory's tables of users, teams and the organization.</summary>
public interface IAccountDirectory
{
    /// <summary>How often the tables were changed; it only grows.</summary>
    Task<long> ReadVersionAsync(CancellationToken cancellationToken);

    /// <summary>All accounts and the version that they are of, of one moment.</summary>
    Task<(long Version, IReadOnlyList<Account> Accounts)> ReadAllAsync(CancellationToken cancellationToken);

    /// <summary>One account, or null.</summary>
    Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken);

    /// <summary>Accounts of a level in the order of their ids after the given one (null: from the start).</summary>
    Task<IReadOnlyList<Account>> ListAsync(Level level, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Inserts or changes a row by what is there in the same transaction, and adds 1 to the version.</summary>
    Task<Account> PutAsync(AccountId id, Func<Account?, Account> change, CancellationToken cancellationToken);
}
