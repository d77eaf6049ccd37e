using System.ComponentModel.DataAnnotations;

namespace Relay.Frontend.Admission;

/// <summary>How the frontend talks to the grains about calls.</summary>
internal sealed class AdmissionOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Admission";

    /// <summary>How often holds of running calls are renewed, in seconds: 0.1 to 60, by default 2. Keep it well below Relay:Quotas:HoldTimeoutSeconds.</summary>
    [Range(0.1, 60)]
    public double RenewSeconds { get; set; } = 2;

    /// <summary>How long a settle is tried before its count goes to the outbox, in seconds: 0.1 to 60, by default 2.</summary>
    [Range(0.1, 60)]
    public double SettleSeconds { get; set; } = 2;
}
