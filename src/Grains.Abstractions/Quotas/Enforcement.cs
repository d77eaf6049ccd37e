namespace Relay.Grains.Quotas;

/// <summary>What a limit does to a call for which it has no room.</summary>
[GenerateSerializer, Alias("Relay.Enforcement")]
public enum Enforcement
{
    /// <summary>The call's estimate must fit; what it uses more is booked all the same.</summary>
    Soft,

    /// <summary>As <see cref="Soft"/>, and the call's output is capped at what is left.</summary>
    Hard,

    /// <summary>Refuses nothing, and tells what it would have refused.</summary>
    Observe,
}
