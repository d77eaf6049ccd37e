namespace Relay.Grains.Ownership;

/// <summary>The key's owner is changing, or cannot prove that it is the only one; the same call may be tried again.</summary>
[GenerateSerializer, Alias("Relay.OwnerChangingException")]
public sealed class OwnerChangingException(string message) : Exception(message);
