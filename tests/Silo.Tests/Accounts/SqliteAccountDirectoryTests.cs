using Relay.Grains.Accounts;
using Relay.Grains.Directory;
using Relay.Grains.Ownership;
using Relay.Silo.Accounts;
using Relay.Silo.Keys;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Accounts;

public sealed class SqliteAccountDirectoryTests : AccountDirectoryContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    public SqliteAccountDirectoryTests()
    {
        Directory = new SqlAccountDirectory(_database.Database, _database.Database);
        Keys = new SqlKeyDirectory(_database.Database, TimeProvider.System);
        Owners = new SqlKeyOwners(_database.Database, _database.Database, TimeProvider.System);
    }

    protected override IAccountDirectory Directory { get; }

    protected override IAccountDirectory Other => Directory;

    protected override IKeyDirectory Keys { get; }

    protected override IKeyOwners Owners { get; }

    public void Dispose() => _database.Dispose();
}
