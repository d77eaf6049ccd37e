using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Silo.Allotments;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Allotments;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlAllotmentStoreTests(PostgreSqlTestDatabase fixture)
    : AllotmentStoreContract, IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime
{
    protected override IAllotmentStore Store => new SqlAllotmentStore(fixture.Database.One);

    protected override IAllotmentStore Other => new SqlAllotmentStore(fixture.Database.Other);

    protected override IKeyOwners Owners => new SqlKeyOwners(fixture.Database.One, fixture.Database.One, TimeProvider.System);

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
