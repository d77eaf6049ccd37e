using System.Text.Json.Serialization;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A sum over the calls of one requested model.</summary>
internal sealed record ModelTotalsBody(string Model, UsageTotals Totals) : TotalsBody(Totals)
{
    /// <summary>The model that was asked for.</summary>
    [JsonPropertyOrder(-1)]
    public string Model { get; } = Model;

    [JsonIgnore]
    public UsageTotals Totals { get; } = Totals;
}
