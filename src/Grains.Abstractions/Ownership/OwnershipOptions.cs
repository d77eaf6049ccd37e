using System.ComponentModel.DataAnnotations;

namespace Relay.Grains.Ownership;

/// <summary>How it is kept to one owner a key. Every silo and every frontend of a cluster must have the same values.</summary>
public sealed class OwnershipOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Cluster";

    /// <summary>
    /// How long after its last renewed lease a silo admits calls, in seconds: 0.5 to 60, default 2. A key whose owner died is
    /// admitted for by the next one after this and <see cref="RenewSeconds"/>; a database that is slower than half of it stops admission.
    /// </summary>
    [Range(0.5, 60)]
    public double LeaseSeconds { get; set; } = 2;

    /// <summary>
    /// Within how long every frontend has told a key's owner of its calls that are not settled, in seconds: 0.5 to 60, default 2. Frontends do so
    /// twice in that time, and take no admission that was longer under way than half of it.
    /// </summary>
    [Range(0.5, 60)]
    public double RenewSeconds { get; set; } = 2;

    /// <summary><see cref="LeaseSeconds"/> as a duration.</summary>
    public TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    /// <summary><see cref="RenewSeconds"/> as a duration.</summary>
    public TimeSpan Renewal => TimeSpan.FromSeconds(RenewSeconds);
}
