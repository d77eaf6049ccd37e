namespace Relay.Grains.Admission;

/// <summary>What became of a settle that was not refused by an exception: then it may be sent again, else it is over.</summary>
[GenerateSerializer, Alias("Relay.SettleResult")]
public enum SettleResult
{
    /// <summary>The count is in the ledger, by this settle or an earlier one of the same call.</summary>
    Settled,

    /// <summary>There is no such key, and there never will be: the count cannot be booked.</summary>
    UnknownKey,

    /// <summary>
    /// The call is so old that retention may have dropped its entries: nobody can tell any more whether it is counted, so that it
    /// is not booked, now or later.
    /// </summary>
    TooOld,
}
