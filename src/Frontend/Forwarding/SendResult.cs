using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Forwarding;

/// <summary>What became of sending a call to the upstream.</summary>
/// <param name="Answer">The head of the answer; null without one.</param>
/// <param name="Failure">Why there is none; null with one.</param>
/// <param name="Attempts">How often it was sent: 1 or 2.</param>
internal readonly record struct SendResult(HttpResponseMessage? Answer, UpstreamFailure? Failure, int Attempts);
