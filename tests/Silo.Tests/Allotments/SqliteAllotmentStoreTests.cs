using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Silo.Allotments;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Allotments;

public sealed class SqliteAllotmentStoreTests : AllotmentStoreContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    public SqliteAllotmentStoreTests()
    {
        Store = new SqlAllotmentStore(_database.Database);
        Owners = new SqlKeyOwners(_database.Database, _database.Database, TimeProvider.System);
    }

    protected override IAllotmentStore Store { get; }

    protected override IAllotmentStore Other => Store;

    protected override IKeyOwners Owners { get; }

    public void Dispose() => _database.Dispose();
}
