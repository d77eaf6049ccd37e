namespace Relay.Frontend.Admin.Contracts;

/// <summary>The state of this frontend's outbox.</summary>
/// <param name="Waiting">How many counts wait for their grain.</param>
/// <param name="InBackground">How many responses in the background are followed to their count.</param>
/// <param name="SetAside">How many no grain will ever take.</param>
/// <param name="SetAsideFile">Where those are kept, one a line; null when there are none.</param>
internal sealed record OutboxBody(int Waiting, int InBackground, int SetAside, string? SetAsideFile)
{
    /// <summary>What this is.</summary>
    public string Object { get; } = "outbox";
}
