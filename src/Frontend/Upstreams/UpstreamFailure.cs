using Relay.Frontend.Errors;

namespace Relay.Frontend.Upstreams;

/// <summary>An attempt that brought no answer.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Error">What the client is told; null when it has gone.</param>
internal sealed record UpstreamFailure(UpstreamFailureKind Kind, RelayError? Error);
