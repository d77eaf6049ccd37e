namespace Relay.Frontend.Admission;

/// <summary>Where the outbox keeps its files.</summary>
/// <param name="Directory">A folder of this process alone, which is there.</param>
internal sealed record OutboxPlace(string Directory)
{
    /// <summary>What waits.</summary>
    public string File => Path.Combine(Directory, "outbox.jsonl");

    /// <summary>What no grain will ever take: kept for a person to look at.</summary>
    public string SetAsideFile => Path.Combine(Directory, "outbox-set-aside.jsonl");
}
