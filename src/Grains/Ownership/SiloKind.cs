namespace Relay.Grains.Ownership;

/// <summary>Whether a silo can have others beside it.</summary>
public enum SiloKind
{
    /// <summary>It can: it needs a lease to admit calls.</summary>
    Member,

    /// <summary>It is the only one that uses its database; a lock proves it.</summary>
    Only,
}
