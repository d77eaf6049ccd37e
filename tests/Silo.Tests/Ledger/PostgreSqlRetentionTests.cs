using Relay.Silo.Tests.Hosting;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlRetentionTests(PostgreSqlTestDatabase fixture)
    : RetentionContract, IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime, IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private protected override Task<StandaloneHost> StartAsync() => StandaloneHost.StartAsync(
        _folder["data"],
        logs: null,
        NoUpkeep,
        KeyValuePair.Create("Relay:Database:Provider", (string?)"PostgreSql"),
        KeyValuePair.Create("ConnectionStrings:Relay", (string?)fixture.Database.ConnectionString));
}
