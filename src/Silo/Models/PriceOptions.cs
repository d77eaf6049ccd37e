using System.ComponentModel.DataAnnotations;

namespace Relay.Silo.Models;

/// <summary>Where a silo has its prices from. All silos of a cluster should have the same.</summary>
public sealed class PriceOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Prices";

    /// <summary>A JSON file of prices that outrank those that Relay has itself; relative to the working directory. Default none.</summary>
    public string? File { get; set; }

    /// <summary>How often the file is looked at, in seconds: 1 to 3600, default 5.</summary>
    [Range(1, 3_600)]
    public int ReloadSeconds { get; set; } = 5;

    /// <summary>What a limit of cost does to a call whose model has no price: <c>Refuse</c> (default) or <c>Allow</c>.</summary>
    public UnknownModel Unknown { get; set; }
}
