using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Background;

/// <summary>How responses with <c>"background": true</c> are followed to their count.</summary>
internal sealed class BackgroundOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Background";

    /// <summary>How many a frontend follows at once: 0 to 100,000, by default 1,000. More are refused with 503.</summary>
    [Range(0, 100_000)]
    public int Responses { get; set; } = 1000;

    /// <summary>The longest pause between two questions about one, in seconds: 0.05 to 600, by default 15. The first is at most 1, and each is twice the one before.</summary>
    [Range(0.05, 600)]
    public double PollSeconds { get; set; } = 15;

    /// <summary>For how long one is asked about, in hours: 0.001 to 168, by default 24. Then it is counted as far as it is known, as an estimate.</summary>
    [Range(0.001, 168)]
    public double Hours { get; set; } = 24;
}
