using System.ComponentModel.DataAnnotations;
using Relay.Grains.Ownership;

namespace Relay.Frontend.Admission;

/// <summary>How the frontend talks to the grains about calls.</summary>
internal sealed class AdmissionOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Admission";

    /// <summary>
    /// How long an admission is tried while the key's owner changes, such as after a silo's death, in seconds: 1 to 120, by default
    /// 15, and more than <see cref="OwnershipOptions.LeaseSeconds"/> and <see cref="OwnershipOptions.RenewSeconds"/> together. The caller waits meanwhile; then it gets 503.
    /// </summary>
    [Range(1, 120)]
    public double ReserveSeconds { get; set; } = 15;

    /// <summary>How long a settle is tried before its count goes to the outbox, in seconds: 0.1 to 60, by default 2.</summary>
    [Range(0.1, 60)]
    public double SettleSeconds { get; set; } = 2;
}
