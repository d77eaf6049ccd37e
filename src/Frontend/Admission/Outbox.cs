using System.Text;
using Microsoft.Extensions.Options;
using Relay.Frontend.Journals;
using Relay.Grains.Admission;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admission;

/// <summary>
/// Keeps counts that no grain could take, on disk and in order, until one does. It outlives this process. Nothing is ever dropped:
/// what no grain will take is set aside in a file of its own, and when there is no room for more, calls are refused before they start.
/// </summary>
internal sealed partial class Outbox(
    IGrainFactory grains,
    OutboxPlace place,
    GrainRetry retry,
    TimeProvider time,
    IOptions<OutboxOptions> options,
    ILogger<Outbox> logger) : BackgroundService
{
    // Of a key's counts, so many are told of in one message; they are sent in the same order.
    private const int UnsettledMax = 1_000;

    // Of so many keys at once counts are sent. Each only waits for an answer, and those of a silo that cannot be reached shall leave places to others.
    private const int KeysAtOnceMax = 1_000;

    private readonly Lock _lock = new();
    private readonly Lock _setAsideLock = new();
    private readonly SemaphoreSlim _fileGate = new(1);
    private readonly SemaphoreSlim _added = new(0, 1);
    private readonly SemaphoreSlim _places = new(KeysAtOnceMax);
    private readonly Dictionary<string, Queue<OutboxEntry>> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task<bool>> _sending = new(StringComparer.Ordinal);
    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);
    private List<OutboxAdd> _adds = [];
    private JournalFile<OutboxEntry>? _file;
    private int _count;
    private int _setAside;
    private volatile bool _isStopping;

    /// <summary>How many counts wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many lines the file of what was set aside has.</summary>
    public int SetAsideCount => Volatile.Read(ref _setAside);

    /// <summary>The counts that wait, of each key the first <see cref="UnsettledMax"/>.</summary>
    public IReadOnlyList<OutboxEntry> Unsettled
    {
        get
        {
            lock (_lock)
            {
                return [.. _waiting.Values.SelectMany(static queue => queue.Take(UnsettledMax))];
            }
        }
    }

    /// <summary>Whether each of so many calls in flight could leave its count here, and one more.</summary>
    public bool HasRoomFor(int callsInFlight) =>
        (long)Count + callsInFlight < options.Value.Entries && (_file?.Length ?? 0) < options.Value.Bytes;

    /// <summary>Whether counts of that key wait.</summary>
    public bool IsWaiting(string keyId)
    {
        lock (_lock)
        {
            return _waiting.ContainsKey(keyId);
        }
    }

    /// <summary>Whether the last try to settle what waits of a key was in vain, for as long as a call may wait.</summary>
    public bool IsFailing(string keyId)
    {
        lock (_lock)
        {
            return _failing.Contains(keyId);
        }
    }

    /// <summary>Keeps a count. When the task has ended well, the count is on the disk; entries that arrive together share one sync.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public async Task AddAsync(OutboxEntry entry)
    {
        var add = new OutboxAdd(entry, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _adds.Add(add);
        }

        await _fileGate.WaitAsync(CancellationToken.None);
        try
        {
            AppendAdds();
        }
        finally
        {
            _fileGate.Release();
        }

        await add.Kept.Task;
    }

    /// <summary>Settles what waits of one key, in order. False when something still waits.</summary>
    public Task<bool> SendAsync(string keyId)
    {
        lock (_lock)
        {
            if (!_waiting.ContainsKey(keyId))
            {
                return Task.FromResult(true);
            }

            if (!_sending.TryGetValue(keyId, out var sending))
            {
                _sending[keyId] = sending = SendAllAsync(keyId);
            }

            return sending;
        }
    }

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(place.SetAsideFile))
        {
            _setAside = (await File.ReadAllLinesAsync(place.SetAsideFile, cancellationToken)).Length;
        }

        _file = JournalFile<OutboxEntry>.Open(place.File, out var waiting, out var unreadable);
        foreach (var line in unreadable)
        {
            SetAside("unreadable", line);
            LogUnreadable(logger);
        }

        if (unreadable.Count > 0)
        {
            // Else they would be set aside again at the next start.
            Rewrite(waiting);
        }

        Take(waiting);
        if (waiting.Count > 0)
        {
            LogRecovered(logger, waiting.Count);
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();
        _file?.Dispose();
        _fileGate.Dispose();
        _added.Dispose();
        _places.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (Count == 0)
                {
                    await _added.WaitAsync(stoppingToken);
                }
                else
                {
                    await Task.Delay(TimeSpan.FromSeconds(options.Value.RetrySeconds), time, stoppingToken);
                }

                await BeginSendingAsync(stoppingToken);
            }
        }
        finally
        {
            // Each ends with the count that it is at.
            _isStopping = true;
            await Task.WhenAll(Sending());
        }
    }

    /// <summary>
    /// Begins to send what waits of each key of which nothing is being sent, and does not wait for its end: a key whose owner cannot be reached takes its
    /// whole time, and the others' counts, those that come meanwhile too, do not wait for it.
    /// </summary>
    private async Task BeginSendingAsync(CancellationToken cancellationToken)
    {
        string[] keys;
        lock (_lock)
        {
            keys = [.. _waiting.Keys.Where(key => !_sending.ContainsKey(key))];
        }

        // No key is always behind those that cannot be sent.
        Random.Shared.Shuffle(keys);
        foreach (var key in keys)
        {
            await _places.WaitAsync(cancellationToken);
            _ = SendInPlaceAsync(key);
        }
    }

    private async Task SendInPlaceAsync(string keyId)
    {
        await SendAsync(keyId);
        _places.Release();
    }

    private Task[] Sending()
    {
        lock (_lock)
        {
            return [.. _sending.Values];
        }
    }

    private void AppendAdds()
    {
        List<OutboxAdd> adds;
        lock (_lock)
        {
            (adds, _adds) = (_adds, []);
        }

        if (adds.Count == 0)
        {
            return;
        }

        try
        {
            _file!.Append([.. adds.Select(add => add.Entry)]);
        }
        catch (Exception e)
        {
            LogNotKept(logger, adds.Count, e);
            adds.ForEach(add => add.Kept.SetException(e));
            return;
        }

        Take([.. adds.Select(add => add.Entry)]);
        adds.ForEach(add => add.Kept.SetResult());
    }

    private void Take(IReadOnlyList<OutboxEntry> entries)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                if (!_waiting.TryGetValue(entry.KeyId, out var queue))
                {
                    _waiting[entry.KeyId] = queue = [];
                }

                queue.Enqueue(entry);
            }

            _count += entries.Count;
            if (_count > 0 && _added.CurrentCount == 0)
            {
                _added.Release();
            }
        }
    }

    private async Task<bool> SendAllAsync(string keyId)
    {
        // Begun under the lock, and to be entered again only without it.
        await Task.Yield();
        try
        {
            while (!_isStopping && Peek(keyId) is { } entry)
            {
                var result = await retry.SettleAsync(grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId)), entry.Settlement);
                if (result == SettleResult.UnknownKey)
                {
                    SetAside("unknown key", JsonOf(entry));
                    LogSetAside(logger, keyId, entry.RequestId);
                }
                else if (result == SettleResult.TooOld)
                {
                    SetAside("too old", JsonOf(entry));
                    LogTooOld(logger, keyId, entry.RequestId);
                }

                await RemoveAsync(entry);
            }

            return !IsWaiting(keyId);
        }
        catch (Exception e)
        {
            LogStillWaiting(logger, keyId, Count, e);
            lock (_lock)
            {
                _failing.Add(keyId);
            }

            return false;
        }
        finally
        {
            lock (_lock)
            {
                _sending.Remove(keyId);
            }
        }
    }

    private OutboxEntry? Peek(string keyId)
    {
        lock (_lock)
        {
            return _waiting.TryGetValue(keyId, out var queue) ? queue.Peek() : null;
        }
    }

    private async Task RemoveAsync(OutboxEntry entry)
    {
        await _fileGate.WaitAsync(CancellationToken.None);
        try
        {
            _file!.MarkDone(entry.RequestId);
            lock (_lock)
            {
                var queue = _waiting[entry.KeyId];
                _failing.Remove(entry.KeyId);
                queue.Dequeue();
                _count--;
                if (queue.Count == 0)
                {
                    _waiting.Remove(entry.KeyId);
                }
            }

            if (Count == 0)
            {
                _file.Clear();
                LogEmpty(logger);
            }
            else if (_file.IsMostlyDone)
            {
                Rewrite(AllWaiting());
            }
        }
        finally
        {
            _fileGate.Release();
        }
    }

    private List<OutboxEntry> AllWaiting()
    {
        lock (_lock)
        {
            return [.. _waiting.Values.SelectMany(static queue => queue)];
        }
    }

    /// <summary>Leaves out of the file what waits no longer.</summary>
    private void Rewrite(IReadOnlyList<OutboxEntry> waiting)
    {
        try
        {
            _file!.Rewrite(waiting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The old file has all of it too, and is only larger.
            LogNotRewritten(logger, e);
        }
    }

    private static string JsonOf(OutboxEntry entry)
    {
        var line = new System.Buffers.ArrayBufferWriter<byte>();
        new JournalLine<OutboxEntry>(entry, Done: null).Write(line);
        return Encoding.UTF8.GetString(line.WrittenSpan).TrimEnd('\n');
    }

    /// <summary>Keeps a line that nobody will take, for a person to look at.</summary>
    public void SetAside(string reason, string line)
    {
        var append = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            append.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        lock (_setAsideLock)
        {
            using var file = new FileStream(place.SetAsideFile, append);
            file.Write(Encoding.UTF8.GetBytes($"{reason}: {line}\n"));
            file.Flush(flushToDisk: true);
            _setAside++;
        }
    }
}
