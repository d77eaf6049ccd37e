namespace Relay.Frontend.Simulation;

/// <summary>One event of a simulated stream.</summary>
/// <param name="Bytes">The event as it goes on the wire.</param>
/// <param name="IsGenerated">Whether the event takes the model's time, so that it comes after a delay.</param>
internal readonly record struct EchoEvent(byte[] Bytes, bool IsGenerated);
