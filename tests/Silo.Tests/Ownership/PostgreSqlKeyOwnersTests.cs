using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ownership;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlKeyOwnersTests(PostgreSqlTestDatabase fixture)
    : KeyOwnersContract, IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime
{
    private protected override IRelayDatabase Database => fixture.Database.One;

    private protected override IRelayDatabase OtherDatabase => fixture.Database.Other;

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
