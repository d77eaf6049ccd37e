using System.Collections.Concurrent;
using System.Text.Json;
using Orleans.Storage;

namespace Relay.Grains.Tests.Keys;

/// <summary>
/// Grain storage in memory that keeps plain JSON and checks ETags, as every database will. Orleans' own keeps states in
/// grains, which are gone when a stopping silo's other grains save theirs.
/// </summary>
internal sealed class MemorySnapshots : IGrainStorage
{
    private readonly ConcurrentDictionary<GrainId, (string ETag, string Json)> _rows = new();
    private readonly ConcurrentDictionary<GrainId, TaskCompletionSource> _written = new();
    private Exception? _failure;
    private int _count;

    /// <summary>How often grains have saved.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether a grain has saved.</summary>
    public bool Has(GrainId grainId) => _rows.ContainsKey(grainId);

    /// <summary>Ends when a grain has saved.</summary>
    public Task SavedAsync(GrainId grainId) => Written(grainId).Task;

    /// <summary>Lets the next write throw.</summary>
    public void FailOnce(Exception failure) => Interlocked.Exchange(ref _failure, failure);

    /// <inheritdoc />
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_rows.TryGetValue(grainId, out var row))
        {
            (grainState.ETag, grainState.State, grainState.RecordExists) = (row.ETag, JsonSerializer.Deserialize<T>(row.Json)!, true);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
        {
            return Task.FromException(failure);
        }

        var current = _rows.TryGetValue(grainId, out var row) ? row.ETag : null;
        if (!string.Equals(current, grainState.ETag, StringComparison.Ordinal))
        {
            throw new InconsistentStateException("Another activation has written.", current, grainState.ETag);
        }

        grainState.ETag = Guid.NewGuid().ToString();
        grainState.RecordExists = true;
        _rows[grainId] = (grainState.ETag, JsonSerializer.Serialize(grainState.State));
        Interlocked.Increment(ref _count);
        Written(grainId).TrySetResult();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        throw new NotSupportedException("No grain clears its state.");

    private TaskCompletionSource Written(GrainId grainId) =>
        _written.GetOrAdd(grainId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
