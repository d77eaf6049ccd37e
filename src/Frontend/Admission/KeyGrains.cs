using System.Collections.Concurrent;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admission;

/// <summary>
/// References to keys' grains, kept for the next call: Orleans looks at the interface's attributes anew for each that it makes, which
/// costs as much as a reserve.
/// </summary>
internal sealed class KeyGrains(IGrainFactory grains)
{
    // Anyone can make up ids. When there are so many, all are forgotten: to make those in use again costs little.
    private const int Max = 20_000;

    private readonly ConcurrentDictionary<string, IKeyGrain> _known = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>The grain of that key.</summary>
    public IKeyGrain Of(string keyId)
    {
        if (_known.TryGetValue(keyId, out var known))
        {
            return known;
        }

        if (Interlocked.Increment(ref _count) > Max)
        {
            _known.Clear();
            _count = 0;
        }

        return _known[keyId] = grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId));
    }
}
