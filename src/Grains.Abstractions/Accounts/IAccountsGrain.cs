using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>Reads and changes users, teams and the organization. Any activation on any silo answers the same.</summary>
[Alias("Relay.IAccountsGrain"), GrainInterfaceType("relay.accounts")]
public interface IAccountsGrain : IGrainWithIntegerKey
{
    /// <summary>One account, or null. The organization is always there.</summary>
    [Alias("Find")]
    Task<Account?> FindAsync(AccountId id);

    /// <summary>Users or teams in the order of their ids, after the given id (null: from the start), at most <paramref name="limit"/> of them.</summary>
    [Alias("List")]
    Task<ImmutableArray<Account>> ListAsync(Level level, string? after, int limit);

    /// <summary>
    /// Makes an account or changes it. When this has returned, every silo admits by the new settings, and what keys had been allotted
    /// beyond a lower limit is taken back; so it takes a lease of <see cref="Ownership.OwnershipOptions"/> where there can be other silos.
    /// It may fail after the change was written, and may be sent again.
    /// </summary>
    [Alias("Put"), ResponseTimeout("00:02:00")]
    Task<Account> PutAsync(AccountId id, AccountChange change);
}
