namespace Relay.Health;

/// <summary>The answer of the health endpoints.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>unready</c>.</param>
/// <param name="Checks">What was looked at, by name; absent from <c>/health/live</c>, which looks at nothing.</param>
internal sealed record HealthBody(string Status, IReadOnlyDictionary<string, CheckBody>? Checks);
