namespace Relay.Grains.Allotments;

/// <summary>What one key has of a limit in a window.</summary>
/// <param name="KeyId">The key.</param>
/// <param name="Ceiling">Up to where it may use and hold.</param>
/// <param name="Used">What of that it had used when it last told.</param>
public readonly record struct Allotment(string KeyId, long Ceiling, long Used);
