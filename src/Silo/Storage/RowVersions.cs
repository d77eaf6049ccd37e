using System.Data;

namespace Relay.Silo.Storage;

/// <summary>How a database gives a reader one moment.</summary>
/// <param name="OneMoment">The isolation of a transaction that sees only what was committed when it began.</param>
/// <param name="Refusal">Why the database keeps no versions of rows, so that such a read locks what it reads; null when it does.</param>
internal sealed record RowVersions(IsolationLevel OneMoment, string? Refusal);
