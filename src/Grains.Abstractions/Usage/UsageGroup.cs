namespace Relay.Grains.Usage;

/// <summary>What a usage report is broken down by.</summary>
[GenerateSerializer, Alias("Relay.UsageGroup")]
public enum UsageGroup
{
    /// <summary>The user to whom the key belonged when it was called.</summary>
    User,

    /// <summary>The key's id.</summary>
    Key,

    /// <summary>The user's team at that time.</summary>
    Team,

    /// <summary>The requested model.</summary>
    Model,

    /// <summary>The endpoint's canonical path.</summary>
    Endpoint,
}
