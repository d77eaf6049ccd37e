namespace Relay.Grains.Keys;

/// <summary>What is being done about one call right now. At most one step of a call runs at a time.</summary>
/// <param name="Kind">Which step.</param>
/// <param name="Done">Ends with the step.</param>
internal sealed record CallStep(CallStepKind Kind, Task Done);
