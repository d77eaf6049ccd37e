using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Ledger;

namespace Relay.Testing;

/// <summary>What a test wants otherwise than a newcomer's Relay has it.</summary>
public sealed record RelaySetup
{
    /// <summary>Settings by their names, such as <c>Relay:Drain:Seconds</c>.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The clock of windows and time-outs; the machine's otherwise. The silo's own upkeep always follows the machine's.</summary>
    public FakeTimeProvider? Time { get; init; }

    /// <summary>A ledger in place of the database's.</summary>
    public IUsageLedger? Ledger { get; init; }

    /// <summary>What every call to a grain passes, by a message each as between processes; nothing otherwise.</summary>
    public IIncomingGrainCallFilter? GrainCalls { get; init; }

    /// <summary>A folder for the data that outlives Relay; otherwise it has one that goes away with it.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>With these settings too.</summary>
    public static RelaySetup With(params (string Name, string Value)[] settings) => new()
    {
        Settings = settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.OrdinalIgnoreCase),
    };
}
