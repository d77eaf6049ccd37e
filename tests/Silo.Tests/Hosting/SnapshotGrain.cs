using Relay.Silo.Hosting;

namespace Relay.Silo.Tests.Hosting;

/// <summary>A counter that is saved at each increment, and what was set unsaved when the grain is deactivated.</summary>
public sealed class SnapshotGrain(
    [PersistentState("tests-snapshot-v1", RelaySiloExtensions.GrainStorageName)] IPersistentState<SnapshotState> snapshot)
    : Grain, ISnapshotGrain
{
    private bool _unsaved;

    public async Task<long> IncrementAsync()
    {
        snapshot.State.Count++;
        await snapshot.WriteStateAsync();
        return snapshot.State.Count;
    }

    public Task<long> GetAsync() => Task.FromResult(snapshot.State.Count);

    public Task SetUnsavedAsync(long count)
    {
        snapshot.State.Count = count;
        _unsaved = true;
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _unsaved ? snapshot.WriteStateAsync(cancellationToken) : Task.CompletedTask;
}
