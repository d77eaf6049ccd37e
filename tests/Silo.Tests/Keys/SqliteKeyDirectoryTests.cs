using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Silo.Keys;
using Relay.Silo.Ledger;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Keys;

public sealed class SqliteKeyDirectoryTests : KeyDirectoryContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    public SqliteKeyDirectoryTests()
    {
        Directory = new SqlKeyDirectory(_database.Database, TimeProvider.System);
        Ledger = new SqlUsageLedger(_database.Database, new UnrolledSums());
        Owners = new SqlKeyOwners(_database.Database, _database.Database, TimeProvider.System);
    }

    protected override IKeyDirectory Directory { get; }

    protected override IUsageLedger Ledger { get; }

    protected override IKeyOwners Owners { get; }

    public void Dispose() => _database.Dispose();
}
