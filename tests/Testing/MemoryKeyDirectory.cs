using System.Collections.Concurrent;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;

namespace Relay.Testing;

/// <summary>A directory of keys in memory.</summary>
public sealed class MemoryKeyDirectory(MemoryLedger ledger) : IKeyDirectory
{
    private readonly ConcurrentDictionary<string, KeySettings> _keys = new(StringComparer.Ordinal);
    private int _failuresAfter;

    /// <summary>Lets that many writes throw although they have written.</summary>
    public void FailAfterWriting(int times) => Interlocked.Exchange(ref _failuresAfter, times);

    /// <summary>What each insert awaits before it writes; nothing by default.</summary>
    public Func<Task> BeforeInserting { get; set; } = static () => Task.CompletedTask;

    /// <inheritdoc />
    public async Task InsertAsync(KeySettings settings, CancellationToken cancellationToken)
    {
        await BeforeInserting();
        if (!_keys.TryAdd(settings.Id, settings))
        {
            throw new IOException($"There is a key {settings.Id} already.");
        }

        await Written();
    }

    /// <inheritdoc />
    public Task<KeySettings?> FindAsync(string keyId, CancellationToken cancellationToken) =>
        Task.FromResult(_keys.GetValueOrDefault(keyId));

    /// <inheritdoc />
    public Task UpdateAsync(KeyClaim owner, KeySettings settings, CancellationToken cancellationToken)
    {
        _keys[owner.KeyId] = settings;
        return Written();
    }

    /// <inheritdoc />
    public Task RevokeAsync(KeyClaim owner, DateTimeOffset revokedAt, CancellationToken cancellationToken)
    {
        if (_keys.TryGetValue(owner.KeyId, out var settings) && settings.RevokedAt is null)
        {
            _keys[owner.KeyId] = settings with { RevokedAt = revokedAt };
        }

        return Written();
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<KeyInfo>> ListAsync(string? after, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<KeyInfo>>(
        [
            .. _keys.Values
                .OrderBy(static key => key.Id, StringComparer.Ordinal)
                .Where(key => string.CompareOrdinal(key.Id, after) > 0)
                .Take(limit)
                .Select(key => new KeyInfo(key, ledger.LastUsedAt(key.Id))),
        ]);

    /// <inheritdoc />
    public Task<bool> UserExistsAsync(string user, CancellationToken cancellationToken) =>
        Task.FromResult(_keys.Values.Any(key => string.Equals(key.User, user, StringComparison.Ordinal)));

    private Task Written() =>
        Interlocked.Decrement(ref _failuresAfter) >= 0
            ? Task.FromException(new IOException("The directory failed after it wrote, as the test told it to."))
            : Task.CompletedTask;
}
