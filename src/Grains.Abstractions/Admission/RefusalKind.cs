namespace Relay.Grains.Admission;

/// <summary>The kinds of <see cref="Refusal"/>.</summary>
[GenerateSerializer, Alias("Relay.RefusalKind")]
public enum RefusalKind
{
    /// <summary>No such key, or not its secret.</summary>
    UnknownKey,

    /// <summary>The key was revoked.</summary>
    RevokedKey,

    /// <summary>The key has expired.</summary>
    ExpiredKey,

    /// <summary>The key may not call this model.</summary>
    ModelNotAllowed,

    /// <summary>A limit has no room for the call.</summary>
    LimitReached,

    /// <summary>The silo has more to write than it takes; a later try may be admitted.</summary>
    Overloaded,

    /// <summary>Nobody may admit calls of the key just now: its owner changes, or cannot prove that it is the only one. A later try may be admitted.</summary>
    OwnerChanging,

    /// <summary>A limit of cost is about the call, and nobody knows what its model costs.</summary>
    ModelNotPriced,

    /// <summary>An account above the key is suspended.</summary>
    Suspended,
}
