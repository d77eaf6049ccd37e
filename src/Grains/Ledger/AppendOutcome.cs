namespace Relay.Grains.Ledger;

/// <summary>What became of an entry whose call is now in the ledger.</summary>
internal enum AppendOutcome
{
    /// <summary>The ledger has exactly this entry.</summary>
    Committed,

    /// <summary>
    /// The ledger has another entry of this part of the call: it was settled elsewhere, or written without its texts. The
    /// caller is done, but its activation must start anew from the ledger.
    /// </summary>
    SettledOtherwise,
}
