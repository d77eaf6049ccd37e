namespace Relay.Silo.Tests.Storage;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerGrainStorageTests(SqlServerTestDatabase fixture)
    : ServerGrainStorageContract, IClassFixture<SqlServerTestDatabase>
{
    private protected override ServerTestDatabase Database => fixture.Database;
}
