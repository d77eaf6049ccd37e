namespace Relay.Grains.Quotas;

/// <summary>Where a limit is set. Each level is part of the next one.</summary>
[GenerateSerializer, Alias("Relay.Level")]
public enum Level
{
    /// <summary>One key.</summary>
    Key,

    /// <summary>All keys of a user.</summary>
    User,

    /// <summary>All users of a team.</summary>
    Team,

    /// <summary>Everyone.</summary>
    Organization,
}
