using Orleans.Concurrency;
using Relay.Grains.Directory;

namespace Relay.Grains.Health;

/// <inheritdoc cref="IHealthGrain" />
[StatelessWorker, Reentrant]
internal sealed class HealthGrain(IKeyDirectory directory, TimeProvider time) : Grain, IHealthGrain
{
    private static readonly TimeSpan DatabaseTime = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public ValueTask PingAsync() => ValueTask.CompletedTask;

    /// <inheritdoc />
    public async Task PingDatabaseAsync()
    {
        using var late = new CancellationTokenSource(DatabaseTime, time);

        // No key has an empty id: the primary key's index answers at once.
        _ = await directory.FindAsync("", late.Token);
    }
}
