using Relay.Grains.Ledger;
using Relay.Silo.Ledger;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerUsageLedgerTests(SqlServerTestDatabase fixture)
    : UsageLedgerContract, IClassFixture<SqlServerTestDatabase>, IAsyncLifetime
{
    protected override IUsageLedger Ledger => new SqlUsageLedger(fixture.Database.One, new UnrolledSums());

    protected override IUsageLedger OtherLedger => new SqlUsageLedger(fixture.Database.Other, new UnrolledSums());

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
