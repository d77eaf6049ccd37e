using Relay.Grains.Ledger;
using Relay.Silo.Ledger;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlUsageLedgerTests(PostgreSqlTestDatabase fixture)
    : UsageLedgerContract, IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime
{
    protected override IUsageLedger Ledger => new SqlUsageLedger(fixture.Database.One, new UnrolledSums());

    protected override IUsageLedger OtherLedger => new SqlUsageLedger(fixture.Database.Other, new UnrolledSums());

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
