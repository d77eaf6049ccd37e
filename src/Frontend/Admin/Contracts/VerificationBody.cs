namespace Relay.Frontend.Admin.Contracts;

/// <summary>What a verification found.</summary>
/// <param name="Keys">How many keys were compared.</param>
/// <param name="Entries">How many entries of the ledger were read for it.</param>
/// <param name="Differences">What differs: at most 1000.</param>
/// <param name="HasMore">Whether there may be more, because the verification ended at the most that it tells.</param>
internal sealed record VerificationBody(long Keys, long Entries, IReadOnlyList<DifferenceBody> Differences, bool HasMore)
{
    /// <summary>What this is.</summary>
    public string Object { get; } = "verification";
}
