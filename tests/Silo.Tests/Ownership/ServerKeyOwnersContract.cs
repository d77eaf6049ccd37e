using Relay.Grains.Ownership;
using Relay.Silo.Ownership;

namespace Relay.Silo.Tests.Ownership;

/// <summary>What the tables of owners do besides, where many silos share a database.</summary>
public abstract class ServerKeyOwnersContract : KeyOwnersContract
{
    [SkippableFact]
    public async Task Claim_SiloThatIsFrozenAmidATransactionHoldsTheRow_MayBeTriedAgain()
    {
        const string Key = "key_0000000000000002";
        var owners = new SqlKeyOwners(Database, Database, TimeProvider.System);
        var first = await owners.ClaimAsync(Key, "a", default);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thawed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var frozen = OtherDatabase.WriteAsync(
            async (connection, token) =>
            {
                await SqlKeyOwners.LockAsync(connection, first.Claim, token);
                held.SetResult();
                await thawed.Task;
            },
            default);
        await held.Task;

        await Assert.ThrowsAsync<OwnerChangingException>(() => owners.ClaimAsync(Key, "b", default));

        thawed.SetResult();
        await frozen;
        Assert.Equal(first.Claim.Epoch + 1, (await owners.ClaimAsync(Key, "b", default)).Claim.Epoch);
    }
}
