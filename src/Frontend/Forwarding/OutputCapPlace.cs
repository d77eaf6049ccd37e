namespace Relay.Frontend.Forwarding;

/// <summary>Where a body caps its output.</summary>
/// <param name="Member">The member's name.</param>
/// <param name="Offset">Where its value begins.</param>
/// <param name="Length">How many bytes that has.</param>
/// <param name="Tokens">The cap; null where it is null.</param>
internal readonly record struct OutputCapPlace(string Member, long Offset, long Length, long? Tokens);
