using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Silo.Keys;
using Relay.Silo.Ledger;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Keys;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerKeyDirectoryTests(SqlServerTestDatabase fixture)
    : KeyDirectoryContract, IClassFixture<SqlServerTestDatabase>, IAsyncLifetime
{
    protected override IKeyDirectory Directory => new SqlKeyDirectory(fixture.Database.One, TimeProvider.System);

    protected override IUsageLedger Ledger => new SqlUsageLedger(fixture.Database.One, new UnrolledSums());

    protected override IKeyOwners Owners => new SqlKeyOwners(fixture.Database.One, fixture.Database.One, TimeProvider.System);

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
