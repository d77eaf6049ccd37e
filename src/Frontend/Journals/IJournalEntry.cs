namespace Relay.Frontend.Journals;

/// <summary>Something about one call that must outlive this process.</summary>
internal interface IJournalEntry
{
    /// <summary>The call's id.</summary>
    Guid RequestId { get; }
}
