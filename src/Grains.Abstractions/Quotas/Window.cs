namespace Relay.Grains.Quotas;

/// <summary>The calendar span after which a limit begins anew, in the organization's time zone.</summary>
[GenerateSerializer, Alias("Relay.Window")]
public enum Window
{
    /// <summary>From second 0 to second 59.</summary>
    Minute,

    /// <summary>From minute 0 to minute 59.</summary>
    Hour,

    /// <summary>From midnight to midnight.</summary>
    Day,

    /// <summary>From Monday to Sunday (ISO 8601).</summary>
    Week,

    /// <summary>From the month's first day to its last.</summary>
    Month,

    /// <summary>Never begins anew.</summary>
    Total,
}
