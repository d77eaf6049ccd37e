namespace Relay.Frontend.Admission;

/// <summary>An entry on its way to the disk.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Kept">Ends when it is there, or could not be put there.</param>
internal sealed record OutboxAdd(OutboxEntry Entry, TaskCompletionSource Kept);
