using Relay.Grains.Admission;
using Relay.Grains.Allotments;

namespace Relay.Grains.Keys;

/// <summary>
/// Owns one API key: its settings, holds, totals and quotas. Its grain key is <see cref="KeyId.ToGrainKey"/>.
/// Every call may arrive twice, late or out of order; the counts stay right.
/// </summary>
[Alias("Relay.IKeyGrain"), GrainInterfaceType("relay.key")]
public interface IKeyGrain : IGrainWithStringKey
{
    /// <summary>Writes a new key to the directory. The settings' id must be this grain's; a second create of the same id throws.</summary>
    [Alias("Create")]
    Task CreateAsync(KeySettings settings);

    /// <summary>Answers the key's settings, or null when no such key was ever made.</summary>
    [Alias("Get")]
    Task<KeyInfo?> GetAsync();

    /// <summary>Revokes the key for good; from this call's return on no reserve is admitted. False when there is no such key.</summary>
    [Alias("Revoke")]
    Task<bool> RevokeAsync();

    /// <summary>
    /// Changes settings, which hold from this call's return on. Answers the key as it is then, unchanged if it is revoked; null when
    /// no such key was ever made.
    /// </summary>
    [Alias("Update")]
    Task<KeyInfo?> UpdateAsync(KeyPatch patch);

    /// <summary>
    /// Gives the key a new secret; the one before is good for the overlap, and any older one is not. Answers as
    /// <see cref="UpdateAsync"/> does.
    /// </summary>
    [Alias("Rotate")]
    Task<KeyInfo?> RotateAsync(KeyRotation rotation);

    /// <summary>Checks a caller's secret without reserving anything.</summary>
    [Alias("Authenticate")]
    ValueTask<KeyAccess> AuthenticateAsync(KeyHash hash);

    /// <summary>Checks the secret and the model, then checks every limit and holds the estimate in one step.</summary>
    [Alias("Reserve")]
    ValueTask<AdmissionDecision> ReserveAsync(ReserveRequest request);

    /// <summary>Extends the deadlines of holds, with their counts so far; rebuilds a hold that this activation does not know.</summary>
    [Alias("Renew")]
    ValueTask RenewAsync(ImmutableArray<HoldRenewal> renewals);

    /// <summary>Replaces the hold by the exact count. Returns when the entry is committed to the ledger; throws when it could not be, and may then be sent again.</summary>
    /// <exception cref="Ledger.LedgerFullException">Too much waits for the ledger.</exception>
    /// <exception cref="Ledger.StaleActivationException">The activation steps down; the next one takes it.</exception>
    [Alias("Settle")]
    Task<SettleResult> SettleAsync(Settlement settlement);

    /// <summary>
    /// Drops the hold of a call that was never sent upstream. Nothing is counted, and what its expiry has counted is taken back. A
    /// reserve or a renewal of the call that comes later holds nothing. Throws when it could not; it may then be sent again.
    /// </summary>
    /// <exception cref="Ledger.StaleActivationException">The activation steps down; the next one takes it.</exception>
    [Alias("Release")]
    ValueTask ReleaseAsync(Guid requestId);

    /// <summary>Answers the key's totals and limits, or null when no such key was ever made.</summary>
    [Alias("GetUsage")]
    Task<KeyUsage?> GetUsageAsync();

    /// <summary>Answers what the grain has counted of the ledger, for a comparison with it; null when no such key was ever made.</summary>
    [Alias("GetPosition")]
    Task<KeyPosition?> GetPositionAsync();

    /// <summary>Answers what storage has of the key's counts, whatever the grain itself believes; null when nothing is saved there.</summary>
    [Alias("GetSnapshot")]
    Task<KeyPosition?> GetSnapshotAsync();

    /// <summary>
    /// Books the difference where a call costs something else by the prices of now than what is booked; null when no such key was ever
    /// made. Some hundred calls at a time. A call that has no price now stays as it is. Asked twice, it books nothing twice.
    /// </summary>
    /// <exception cref="Ledger.LedgerFullException">Too much waits for the ledger.</exception>
    /// <exception cref="Ledger.StaleActivationException">The activation steps down; the next one goes on.</exception>
    [Alias("Reprice"), ResponseTimeout("00:01:00")]
    Task<RepricedCalls?> RepriceAsync(Repricing repricing);

    /// <summary>
    /// Gives up what the key does not use of a limit above it in the window that ends then; from this call's return on that is another's.
    /// Null when the key cannot tell now, or is in another window.
    /// </summary>
    /// <exception cref="Ledger.StaleActivationException">The activation steps down.</exception>
    [Alias("Recall"), ResponseTimeout("00:00:02")]
    Task<RoomUse?> RecallAsync(LimitKey limit, DateTimeOffset windowEnd);

    /// <summary>Saves what the grain has counted unless it is saved; answers the newest sequence that storage has, 0 for none.</summary>
    /// <exception cref="Ledger.StaleActivationException">The activation steps down; the next one saves.</exception>
    [Alias("SaveSnapshot")]
    Task<long> SaveSnapshotAsync();
}
