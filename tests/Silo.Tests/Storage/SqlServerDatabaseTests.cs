namespace Relay.Silo.Tests.Storage;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerDatabaseTests(SqlServerTestDatabase fixture)
    : ServerDatabaseContract, IClassFixture<SqlServerTestDatabase>
{
    private protected override ServerTestDatabase Database => fixture.Database;
}
