using Relay.Frontend.Journals;
using Relay.Grains.Admission;

namespace Relay.Frontend.Admission;

/// <summary>A count that no grain has taken yet.</summary>
/// <param name="KeyId">The key that pays.</param>
/// <param name="Settlement">What the call came to.</param>
internal sealed record OutboxEntry(string KeyId, Settlement Settlement) : IJournalEntry
{
    /// <inheritdoc />
    public Guid RequestId => Settlement.Call.RequestId;
}
