namespace Relay.Silo.Tests.Storage;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlDatabaseTests(PostgreSqlTestDatabase fixture)
    : ServerDatabaseContract, IClassFixture<PostgreSqlTestDatabase>
{
    private protected override ServerTestDatabase Database => fixture.Database;
}
