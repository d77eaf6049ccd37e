using System.ComponentModel.DataAnnotations;

namespace Relay.Silo.Ledger;

/// <summary>How a silo prepares reports.</summary>
public sealed class ReportOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Reports";

    /// <summary>The shortest retention, in days.</summary>
    public const int RetentionDaysMin = 7;

    /// <summary>The longest retention, in days, but for ever.</summary>
    public const int RetentionDaysMax = 3650;

    /// <summary>
    /// How many seconds lie between two passes that add new entries to the hourly sums: 1 to 86400, default 60. Reports are exact in between, too. What a
    /// silo has left that stopped, another one adds after two such times.
    /// </summary>
    [Range(1, 86_400)]
    public int RollUpSeconds { get; set; } = 60;

    /// <summary>
    /// After how many days entries are dropped from the ledger: 7 to 3650, or 0, the default, to keep them for ever. Sums stay. An
    /// entry is kept at least until its calendar month is over.
    /// </summary>
    public int RetentionDays { get; set; }
}
