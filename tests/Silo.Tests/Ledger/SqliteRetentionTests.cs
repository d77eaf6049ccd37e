using Relay.Silo.Tests.Hosting;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

public sealed class SqliteRetentionTests : RetentionContract, IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private protected override Task<StandaloneHost> StartAsync() => StandaloneHost.StartAsync(_folder["data"], logs: null, NoUpkeep);
}
