using Relay.Frontend.Journals;
using Relay.Grains.Admission;

namespace Relay.Frontend.Background;

/// <summary>A response that goes on at the upstream after its call has ended, until it is counted.</summary>
/// <param name="KeyId">The key that pays.</param>
/// <param name="ResponseId">The upstream's id of it. Whoever has it may read the response: it is never logged.</param>
/// <param name="Query">The query of the call that began it, with its question mark: some upstreams want their version in each.</param>
/// <param name="Known">What the call would be settled at if nothing more were learned of it.</param>
internal sealed record BackgroundCall(string KeyId, string ResponseId, string Query, Settlement Known) : IJournalEntry
{
    /// <inheritdoc />
    public Guid RequestId => Known.Call.RequestId;
}
