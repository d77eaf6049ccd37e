namespace Relay.Health;

/// <summary>One check of <c>/health/ready</c>.</summary>
/// <param name="Status"><c>ok</c> or <c>failing</c>.</param>
/// <param name="Reason">What fails, in a sentence without names of hosts or secrets; absent when nothing does.</param>
internal sealed record CheckBody(string Status, string? Reason);
