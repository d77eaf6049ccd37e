using System.ComponentModel.DataAnnotations;

namespace Relay.Silo.Warnings;

/// <summary>How people are told that a limit is running out. All silos of a cluster should have the same.</summary>
public sealed class WarningOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Warnings";

    /// <summary>The shares of a limit of which is told when they are used up, in percent: each 1 to 100, at most ten; with none, 80 and 100.</summary>
    [MaxLength(10)]
    public IReadOnlyList<int> Shares { get; set; } = [];

    /// <summary>Where each warning is posted as JSON; an <c>http</c> or <c>https</c> URL. Default none.</summary>
    public string? WebhookUrl { get; set; }

    /// <summary>For how long one post is tried, in seconds: 1 to 600, default 60.</summary>
    [Range(1, 600)]
    public int WebhookSeconds { get; set; } = 60;
}
