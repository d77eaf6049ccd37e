using System.ComponentModel.DataAnnotations;

namespace Relay.Silo.Clustering;

/// <summary>
/// Which cluster a process belongs to, where its silo is reached, and how fast a dead silo is found. Used when the database is on a
/// server; a Relay on SQLite is alone.
/// </summary>
public sealed class MembershipOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Relay:Cluster";

    /// <summary>The cluster's name: silos and frontends of one name on one database find each other. Default <c>relay</c>.</summary>
    [Required, StringLength(50)]
    public string ClusterId { get; set; } = "relay";

    /// <summary>Under which name snapshots are kept. Default <c>relay</c>; another one makes every key start from the ledger.</summary>
    [Required, StringLength(50)]
    public string ServiceId { get; set; } = "relay";

    /// <summary>The port on which silos talk to each other: 1 to 65535, default 11111.</summary>
    [Range(1, 65_535)]
    public int SiloPort { get; set; } = 11_111;

    /// <summary>The port on which frontends reach the silo: 1 to 65535, default 30000.</summary>
    [Range(1, 65_535)]
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>
    /// The IP address at which the others reach this silo. Both ports are for the cluster alone, without a password: never expose
    /// them. Default: the machine's first private address in a container, else loopback.
    /// </summary>
    public string? Address { get; set; }

    /// <summary>The only IP address on which the silo listens: by default <see cref="Address"/>. Another one is for what forwards between the two.</summary>
    public string? ListenAddress { get; set; }

    /// <summary>After how long an unanswered probe of a silo counts as missed, in seconds: 0.2 to 60, default 1.</summary>
    [Range(0.2, 60)]
    public double ProbeSeconds { get; set; } = 1;

    /// <summary>How many missed probes make a silo vote another one dead: 1 to 20, default 2.</summary>
    [Range(1, 20)]
    public int MissedProbes { get; set; } = 2;

    /// <summary>How often a silo reads who is a member, besides being told, in seconds: 1 to 600, default 10. Frontends look for new silos as often.</summary>
    [Range(1, 600)]
    public double TableRefreshSeconds { get; set; } = 10;

    /// <summary>
    /// How often a silo writes that it is alive, in seconds: 1 to 600, default 5. A cluster that was killed as a whole starts after three
    /// times that, when its silos come back at other addresses.
    /// </summary>
    [Range(1, 600)]
    public double AliveSeconds { get; set; } = 5;

    /// <summary>How long a grain's answer is waited for, in seconds: 1 to 600, default 5. Frontends then try again.</summary>
    [Range(1, 600)]
    public double ResponseSeconds { get; set; } = 5;
}
