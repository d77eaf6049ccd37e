using Relay.Grains.Accounts;
using Relay.Grains.Directory;
using Relay.Grains.Ownership;
using Relay.Silo.Accounts;
using Relay.Silo.Keys;
using Relay.Silo.Ownership;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Accounts;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerAccountDirectoryTests(SqlServerTestDatabase fixture)
    : AccountDirectoryContract, IClassFixture<SqlServerTestDatabase>, IAsyncLifetime
{
    protected override IAccountDirectory Directory => new SqlAccountDirectory(fixture.Database.One, fixture.Database.One);

    protected override IAccountDirectory Other => new SqlAccountDirectory(fixture.Database.Other, fixture.Database.Other);

    protected override IKeyDirectory Keys => new SqlKeyDirectory(fixture.Database.One, TimeProvider.System);

    protected override IKeyOwners Owners => new SqlKeyOwners(fixture.Database.One, fixture.Database.One, TimeProvider.System);

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
