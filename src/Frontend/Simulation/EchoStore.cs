namespace Relay.Frontend.Simulation;

/// <summary>The responses that the simulated model made in the background, the newest of them: when there are too many the oldest is forgotten.</summary>
internal sealed class EchoStore
{
    /// <summary>How many are kept.</summary>
    public const int Max = 256;

    private readonly Lock _lock = new();
    private readonly OrderedDictionary<string, EchoResponse> _kept = new(StringComparer.Ordinal);

    /// <summary>Keeps one.</summary>
    public void Add(EchoResponse response)
    {
        lock (_lock)
        {
            if (_kept.Count == Max)
            {
                _kept.RemoveAt(0);
            }

            _kept[response.Id] = response;
        }
    }

    /// <summary>Finds one; null when it is not kept.</summary>
    public EchoResponse? Find(string id)
    {
        lock (_lock)
        {
            return _kept.GetValueOrDefault(id);
        }
    }

    /// <summary>Forgets one; false when it was not kept.</summary>
    public bool Remove(string id)
    {
        lock (_lock)
        {
            return _kept.Remove(id);
        }
    }
}
