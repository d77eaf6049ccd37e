using System.Collections.Concurrent;

namespace Relay.Grains.Keys;

/// <inheritdoc cref="ILocalKeys" />
internal sealed class LocalKeys : ILocalKeys
{
    private readonly ConcurrentDictionary<string, ILocalKey> _active = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public ILocalKey? Find(string keyId) => _active.GetValueOrDefault(keyId);

    /// <summary>The key's grain is active here.</summary>
    public void Open(string keyId, ILocalKey key) => _active[keyId] = key;

    /// <summary>It is so no more, unless another activation has taken its place.</summary>
    public void Close(string keyId, ILocalKey key) => _active.TryRemove(KeyValuePair.Create(keyId, key));
}
