using System.Collections.Concurrent;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admission;

/// <summary>
/// The releases that no grain has acknowledged yet. Each is sent again until one has: of a hold that nobody renews or releases, a
/// grain must believe that its call was sent upstream, and count it.
/// </summary>
internal sealed partial class Releases(ILogger<Releases> logger)
{
    /// <summary>How many are kept. Those beyond it are sent no more, so that their holds expire and are counted.</summary>
    public const int Max = 10_000;

    private readonly ConcurrentDictionary<Guid, (string KeyId, IKeyGrain Key)> _waiting = new();

    /// <summary>Keeps a release until it is acknowledged. It may be sent at once, or by the next <see cref="SendAllAsync"/>.</summary>
    public void Add(string keyId, IKeyGrain key, Guid requestId)
    {
        if (_waiting.Count < Max)
        {
            _waiting[requestId] = (keyId, key);
        }
        else
        {
            LogNotKept(logger, requestId, keyId, Max);
        }
    }

    /// <summary>Sends a release; whatever the grain's call throws, it throws.</summary>
    public async Task SendAsync(IKeyGrain key, Guid requestId)
    {
        await key.ReleaseAsync(requestId);
        _waiting.TryRemove(requestId, out _);
    }

    /// <summary>Sends what waits. A key whose grain does not answer is asked no more this time.</summary>
    /// <param name="failed">Called with a key's id when its grain did not answer.</param>
    public Task SendAllAsync(Action<string, Exception> failed) => Task.WhenAll(_waiting
        .GroupBy(static waiting => waiting.Value.KeyId, StringComparer.Ordinal)
        .Select(async releases =>
        {
            try
            {
                foreach (var (requestId, (_, key)) in releases)
                {
                    await SendAsync(key, requestId);
                }
            }
            catch (Exception e)
            {
                failed(releases.Key, e);
            }
        }));

    [LoggerMessage(LogLevel.Error, "The release of {RequestId} by {KeyId} is sent once at most: {Count} others wait. If it is lost, the call is counted although it was never sent.")]
    private static partial void LogNotKept(ILogger logger, Guid requestId, string keyId, int count);
}
