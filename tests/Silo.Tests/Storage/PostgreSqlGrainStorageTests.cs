namespace Relay.Silo.Tests.Storage;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlGrainStorageTests(PostgreSqlTestDatabase fixture)
    : ServerGrainStorageContract, IClassFixture<PostgreSqlTestDatabase>
{
    private protected override ServerTestDatabase Database => fixture.Database;
}
