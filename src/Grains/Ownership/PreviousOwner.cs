namespace Relay.Grains.Ownership;

/// <summary>What is known of the activation that owned a key before a claim.</summary>
public enum PreviousOwner
{
    /// <summary>There was none, or it ended in order and handed its holds over.</summary>
    HandedOver,

    /// <summary>It has stopped, but nobody knows its holds.</summary>
    Stopped,

    /// <summary>It may still run, on another silo.</summary>
    Unknown,
}
