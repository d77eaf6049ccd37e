using Orleans.Concurrency;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <inheritdoc cref="IAccountsGrain" />
/// <remarks>Reentrant, so that changes that wait for the other silos do not wait for each other too; nothing is kept here.</remarks>
[StatelessWorker, Reentrant]
internal sealed class AccountsGrain(IAccountDirectory directory, SiloHierarchy hierarchy, OwnerLease lease, TimeProvider time) : Grain, IAccountsGrain
{
    /// <inheritdoc />
    public Task<Account?> FindAsync(AccountId id) => directory.FindAsync(id, CancellationToken.None);

    /// <inheritdoc />
    public async Task<ImmutableArray<Account>> ListAsync(Level level, string? after, int limit) =>
        [.. await directory.ListAsync(level, after, limit, CancellationToken.None)];

    /// <inheritdoc />
    public async Task<Account> PutAsync(AccountId id, AccountChange change)
    {
        var organization = await directory.FindAsync(AccountId.Organization, CancellationToken.None);
        var defaults = organization?.DefaultUserLimits ?? [];
        var now = time.GetUtcNow();
        var account = await directory.PutAsync(id, before => change.ApplyTo(id, before, defaults, now), CancellationToken.None);
        await hierarchy.RefreshAsync(CancellationToken.None);
        await lease.WaitUntilLearntAsync(CancellationToken.None);

        // Only now: what a key was granted by the limits of before is not granted anew behind this.
        await GrainFactory.GetGrain<IAllotmentGrain>(id.ToGrainKey()).ApplyLimitsAsync();
        return account;
    }
}
