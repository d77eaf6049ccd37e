using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

public sealed class SqliteUsageReportTests : UsageReportContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private protected override IRelayDatabase Database => _database.Database;

    // One process owns a file: there is no other silo.
    private protected override IRelayDatabase OtherDatabase => Database;

    public void Dispose() => _database.Dispose();
}
