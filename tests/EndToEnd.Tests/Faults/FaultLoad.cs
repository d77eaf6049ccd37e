using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>
/// Many callers at once, each with one call after the other, every other one streamed. Each call is of a model of its own, so that
/// the ledger tells which of them it has; those that ended normally are remembered.
/// </summary>
internal sealed class FaultLoad(int callers = 200)
{

    // What a client waits that is told to come again; shorter than Relay asks for, so that more calls meet the fault.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // Only a fault that is never over reaches it: a call alone may wait a minute for its key's owner.
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly List<(int Ended, int Refused, TaskCompletionSource Reached)> _waiters = [];
    private readonly List<(string KeyId, int Ended, TaskCompletionSource Reached)> _keyWaiters = [];
    private readonly Dictionary<string, int> _endedByKey = new(StringComparer.Ordinal);
    private int _calls;
    private int _endedCount;
    private int _refusedCount;
    private int _cutCount;
    private long _longestTicks;

    /// <summary>The models of the calls that ended normally, of all runs.</summary>
    public IReadOnlyCollection<string> Ended => _ended;

    /// <summary>How many calls were refused because of a fault, or cut.</summary>
    public int Failed => Volatile.Read(ref _refusedCount) + Volatile.Read(ref _cutCount);

    /// <summary>What the latest refused call was told.</summary>
    public string? LastRefusal { get; private set; }

    /// <summary>How long the longest call took that ended normally.</summary>
    public TimeSpan Longest => TimeSpan.FromTicks(Volatile.Read(ref _longestTicks));

    /// <summary>Starts the callers. They end when the token says so, after the call that they are at, or when Relay is gone.</summary>
    /// <param name="relay">Where they call.</param>
    /// <param name="keys">The keys that they call with.</param>
    /// <param name="stop">Ends them.</param>
    /// <param name="way">What all of them send by, and leave to its owner; null for connections of their own.</param>
    public Task RunAsync(Uri relay, IReadOnlyList<LoadKey> keys, CancellationToken stop, HttpMessageHandler? way = null) => Task.WhenAll(
        Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(way, relay, keys[caller % keys.Count], stop), CancellationToken.None)));

    /// <summary>Waits until so many more calls have ended normally.</summary>
    public Task EndedAsync(int count) => ReachedAsync(count, 0);

    /// <summary>Waits until each key's calls have ended normally that often again, which shows that its grain answers.</summary>
    public Task EndedOfEachAsync(IReadOnlyList<LoadKey> keys, int count) =>
        Task.WhenAll(keys.Select(key => ReachedAsync(key.Id, count)));

    /// <summary>Waits until so many more calls were refused because of a fault.</summary>
    public Task RefusedAsync(int count) => ReachedAsync(0, count);

    /// <summary>One call that is tried again until it is admitted, as clients do: so all that its key has in an outbox is settled.</summary>
    public async Task CallUntilAdmittedAsync(Uri relay, LoadKey key)
    {
        const int TriesMax = 300;
        using var client = Client(way: null, relay, key);
        for (var i = 0; i < TriesMax; i++)
        {
            if (await TryAsync(client, key, stream: false))
            {
                return;
            }

            await Task.Delay(Pause);
        }

        Assert.Fail("No call was admitted although the fault is over.");
    }

    private static HttpClient Client(HttpMessageHandler? way, Uri relay, LoadKey key)
    {
        var client = way is null ? new HttpClient() : new HttpClient(way, disposeHandler: false);
        client.BaseAddress = relay;
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key.Text}");
        return client;
    }

    private async Task CallAsync(HttpMessageHandler? way, Uri relay, LoadKey key, CancellationToken stop)
    {
        using var client = Client(way, relay, key);
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            try
            {
                if (!await TryAsync(client, key, stream: i % 2 == 0))
                {
                    await Task.Delay(Pause, CancellationToken.None);
                }
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError)
            {
                // Relay is gone.
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
            {
                // An answer that was cut, or a connection that was gone as soon as it was open: the call did not end normally.
                Interlocked.Increment(ref _cutCount);
            }
        }
    }

    /// <summary>False when the call was refused for a fault.</summary>
    private async Task<bool> TryAsync(HttpClient client, LoadKey key, bool stream)
    {
        var began = TimeProvider.System.GetTimestamp();
        var model = string.Create(CultureInfo.InvariantCulture, $"model-{Interlocked.Increment(ref _calls)}");
        using var response = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model, stream, messages = new[] { new { role = "user", content = "hello there" } } });
        var text = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            LastRefusal = text;
            Note(ended: 0, refused: 1);
            return false;
        }

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(stream, text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal));
        _ended.Enqueue(model);
        Note(ended: 1, refused: 0);
        NoteEnded(key.Id, TimeProvider.System.GetElapsedTime(began));
        return true;
    }

    private Task ReachedAsync(int ended, int refused)
    {
        lock (_lock)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((_endedCount + ended, _refusedCount + refused, reached));
            return reached.Task.WaitAsync(WaitMax);
        }
    }

    private Task ReachedAsync(string keyId, int count)
    {
        lock (_lock)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _keyWaiters.Add((keyId, _endedByKey.GetValueOrDefault(keyId) + count, reached));
            return reached.Task.WaitAsync(WaitMax);
        }
    }

    private void NoteEnded(string keyId, TimeSpan duration)
    {
        lock (_lock)
        {
            _longestTicks = Math.Max(_longestTicks, duration.Ticks);
            var ended = _endedByKey[keyId] = _endedByKey.GetValueOrDefault(keyId) + 1;
            foreach (var waiter in _keyWaiters.FindAll(waiter => ended >= waiter.Ended && string.Equals(keyId, waiter.KeyId, StringComparison.Ordinal)))
            {
                waiter.Reached.TrySetResult();
                _keyWaiters.Remove(waiter);
            }
        }
    }

    private void Note(int ended, int refused)
    {
        lock (_lock)
        {
            _endedCount += ended;
            _refusedCount += refused;
            foreach (var waiter in _waiters.FindAll(waiter => _endedCount >= waiter.Ended && _refusedCount >= waiter.Refused))
            {
                waiter.Reached.TrySetResult();
                _waiters.Remove(waiter);
            }
        }
    }
}
