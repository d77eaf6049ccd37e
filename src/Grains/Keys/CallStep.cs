namespace Relay.Grains.Keys;

/// <summary>What is being done about one call right now. At most one step of a call runs at a time.</summary>
/// <param name="kind">Which step.</param>
internal sealed class CallStep(CallStepKind kind)
{
    /// <summary>Which step.</summary>
    public CallStepKind Kind { get; } = kind;

    /// <summary>Ends with the step. Set by whoever begins it, before anybody else can see it.</summary>
    public Task Done { get; set; } = Task.CompletedTask;
}
