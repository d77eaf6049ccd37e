namespace Relay.Grains.Keys;

/// <summary>The steps of a call that wait for the ledger.</summary>
internal enum CallStepKind
{
    /// <summary>The frontend's settle is being written.</summary>
    Settle,

    /// <summary>The call's silence is being written.</summary>
    Expire,

    /// <summary>The ledger is asked whether a call that is renewed was settled.</summary>
    Rebuild,

    /// <summary>The ledger is asked whether a call that is released has expired, and its expiry is taken back.</summary>
    Reverse,

    /// <summary>A correction of what the call costs is being written.</summary>
    Reprice,
}
