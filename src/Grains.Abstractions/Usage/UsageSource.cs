namespace Relay.Grains.Usage;

/// <summary>Who counted an entry's tokens.</summary>
[GenerateSerializer, Alias("Relay.UsageSource")]
public enum UsageSource
{
    /// <summary>The upstream.</summary>
    Reported,

    /// <summary>Relay: the upstream reported nothing.</summary>
    Estimated,
}
