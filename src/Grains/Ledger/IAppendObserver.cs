namespace Relay.Grains.Ledger;

/// <summary>Is told once what became of an entry, on the ledger writer's own thread, which all keys share: it must wait for nothing that may take long.</summary>
internal interface IAppendObserver
{
    /// <summary>The entry's call is in the ledger.</summary>
    void Appended(AppendOutcome outcome);

    /// <summary>The entry was not written, or nobody knows.</summary>
    void NotAppended(Exception failure);
}
