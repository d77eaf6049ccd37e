using Microsoft.Extensions.Configuration;

namespace Relay.Silo.Dashboard;

/// <summary>Orleans' own dashboard: silos, grains, call rates.</summary>
public sealed class DashboardOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Dashboard";

    /// <summary>
    /// Whether frontends show it at <c>/admin/dashboard</c>, behind the admin key, and silos collect what it shows, which costs
    /// each grain call a little; by default false.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>Whether the settings switch it on. A value that is no boolean does not; the check of the settings names it.</summary>
    public static bool IsEnabled(IConfiguration configuration) =>
        bool.TryParse(configuration[$"{SectionName}:{nameof(Enabled)}"], out var enabled) && enabled;
}
