using Relay.Silo.Tests.Hosting;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

[Collection(SqlServerGroup.Name)]
public sealed class SqlServerRetentionTests(SqlServerTestDatabase fixture)
    : RetentionContract, IClassFixture<SqlServerTestDatabase>, IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private protected override Task<StandaloneHost> StartAsync() => StandaloneHost.StartAsync(
        _folder["data"],
        logs: null,
        NoUpkeep,
        KeyValuePair.Create("Relay:Database:Provider", (string?)"SqlServer"),
        KeyValuePair.Create("ConnectionStrings:Relay", (string?)fixture.Database.ConnectionString));
}
