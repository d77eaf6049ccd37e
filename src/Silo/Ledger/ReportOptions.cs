using System.ComponentModel.DataAnnotations;

namespace Relay.Silo.Ledger;

/// <summary>How a silo prepares reports.</summary>
public sealed class ReportOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Reports";

    /// <summary>After how many seconds new entries are added to the hourly sums: 1 to 86400, default 60. Reports are exact in between, too.</summary>
    [Range(1, 86_400)]
    public int RollUpSeconds { get; set; } = 60;
}
