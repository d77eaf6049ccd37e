using Relay.Grains.Ledger;
using Relay.Silo.Ledger;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

public sealed class SqliteUsageLedgerTests : UsageLedgerContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    public SqliteUsageLedgerTests() => Ledger = new SqlUsageLedger(_database.Database, new UnrolledSums());

    protected override IUsageLedger Ledger { get; }

    // One process owns a file: there is no other silo.
    protected override IUsageLedger OtherLedger => Ledger;

    public void Dispose() => _database.Dispose();
}
