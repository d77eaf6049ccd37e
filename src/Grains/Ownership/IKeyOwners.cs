using Relay.Grains.Admission;

namespace Relay.Grains.Ownership;

/// <summary>
/// Who owns which key, in the database, where all silos see the same. A claim takes a key from whoever had it, at once; the loser
/// learns of it with its next lease. So an activation owns a key while its claim is the newest and its silo's lease is good.
/// </summary>
public interface IKeyOwners
{
    /// <summary>Takes a key for an activation of that silo.</summary>
    /// <exception cref="TimeoutException">Another transaction holds what the database has of the key's owner.</exception>
    Task<ClaimedKey> ClaimAsync(string keyId, string silo, CancellationToken cancellationToken);

    /// <summary>
    /// Says that the owner admits nothing any more, and hands its holds over; null when it does not know them for sure. Does
    /// nothing when the claim is not the newest.
    /// </summary>
    Task ReleaseAsync(KeyClaim claim, ImmutableArray<HoldRenewal>? holds, CancellationToken cancellationToken);

    /// <summary>
    /// Renews a silo's lease and answers which of its claims others have taken since; each is answered until it comes back in
    /// <paramref name="known"/>. Null when the silo has no lease of that generation: whatever it has claimed before may be another's by
    /// now, and the lease that begins is of the next generation.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="generation">How often the silo has heard that its lease begins.</param>
    /// <param name="known">Lost claims of which it has heard.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    Task<IReadOnlyList<KeyClaim>?> RenewLeaseAsync(
        string silo, long generation, IReadOnlyList<KeyClaim> known, CancellationToken cancellationToken);

    /// <summary>Ends a silo's lease, after all of its activations have ended.</summary>
    Task EndLeaseAsync(string silo, CancellationToken cancellationToken);
}
