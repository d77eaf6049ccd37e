using Relay.Grains.Keys;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Simulation;

/// <summary>One activation of a key: the grain's own parts, without Orleans.</summary>
/// <param name="Book">Its book.</param>
/// <param name="Calls">Its calls.</param>
internal sealed record SimulatedActivation(QuotaBook Book, KeyCalls Calls);
