using System.Text.Json.Serialization;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>Two things that should be equal and are not.</summary>
internal sealed record DifferenceBody
{
    public DifferenceBody(UsageDifference difference)
    {
        Key = difference.KeyId;
        Kind = difference.Kind;
        Expected = new ComparedBody(difference.Expected);
        Actual = new ComparedBody(difference.Actual);
        Repaired = difference.Repaired;
        Error = difference.Error;
    }

    /// <summary>The key's id.</summary>
    public string Key { get; }

    /// <summary>What was compared.</summary>
    public DifferenceKind Kind { get; }

    /// <summary>What follows from the ledger.</summary>
    public ComparedBody Expected { get; }

    /// <summary>What is there instead.</summary>
    public ComparedBody Actual { get; }

    /// <summary>Left out when no repair was asked for, or none is possible.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Repaired { get; }

    /// <summary>Why the key could not be compared; left out when it was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; }
}
