using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ownership;

public sealed class SqliteKeyOwnersTests : KeyOwnersContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private protected override IRelayDatabase Database => _database.Database;

    private protected override IRelayDatabase OtherDatabase => _database.Database;

    public void Dispose() => _database.Dispose();
}
