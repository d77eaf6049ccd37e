using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Frontend.Journals;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Background;

/// <summary>
/// Follows responses that are made in the background until each is counted, exactly once, under the id of the call that began it. They
/// are kept on disk and outlive this process: the next one goes on, and however often a response is settled, the ledger takes it once.
/// </summary>
internal sealed partial class BackgroundCalls(
    AdmissionClient admission,
    Outbox outbox,
    ResponseQuery query,
    TokenCounter counter,
    BackgroundFile file,
    TimeProvider time,
    IOptions<BackgroundOptions> options,
    ILogger<BackgroundCalls> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan FirstPauseMax = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _fileGate = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<Guid, (FollowedCall Call, Task Followed)> _followed = [];
    private JournalFile<BackgroundCall>? _file;
    private int _places;

    /// <summary>How many are followed.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _followed.Count;
            }
        }
    }

    /// <summary>Takes room for one; null when as many are followed, or may soon be, as are allowed.</summary>
    public BackgroundPlace? TryTakePlace()
    {
        lock (_lock)
        {
            if (_followed.Count + _places >= options.Value.Responses)
            {
                return null;
            }

            _places++;
            return new BackgroundPlace(FreePlace);
        }
    }

    /// <summary>
    /// Follows a response from now on, in place of its call. True when it is on the disk; when it could not be put there it is followed
    /// all the same, but would not outlive this process, so that the call must not end well.
    /// </summary>
    public async Task<bool> FollowAsync(BackgroundCall call, BackgroundPlace place)
    {
        place.TakeOver();
        var followed = Open(call);

        // Nobody asks about it before it is on the disk, so that it cannot be written as done before it was written as begun.
        await followed.Gate.WaitAsync(CancellationToken.None);
        lock (_lock)
        {
            _places--;
            Begin(followed, FirstPause);
        }

        await _fileGate.WaitAsync(CancellationToken.None);
        try
        {
            _file!.Append([call]);
            return true;
        }
        catch (Exception e)
        {
            LogNotKept(call.RequestId, e);
            return false;
        }
        finally
        {
            _fileGate.Release();
            followed.Gate.Release();
        }
    }

    /// <summary>Asks about a response at once, if it is followed here, since its count is about to be lost.</summary>
    public async Task CountBeforeItGoesAsync(string responseId, CancellationToken cancellationToken)
    {
        FollowedCall? call;
        lock (_lock)
        {
            call = _followed.Values.FirstOrDefault(followed => followed.Call.Call.ResponseId.Equals(responseId, StringComparison.Ordinal)).Call;
        }

        if (call is not null)
        {
            await TryEndAsync(call, cancellationToken);
        }
    }

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _file = JournalFile<BackgroundCall>.Open(file.Path, out var waiting, out var unreadable);
        foreach (var line in unreadable)
        {
            outbox.SetAside("unreadable background response", line);
            LogUnreadable();
        }

        if (unreadable.Count > 0)
        {
            // Else they would be set aside again at the next start.
            Rewrite(waiting);
        }

        if (waiting.Count > 0)
        {
            LogResumed(waiting.Count);
        }

        lock (_lock)
        {
            foreach (var call in waiting)
            {
                Begin(Open(call), TimeSpan.Zero);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] followed;
        lock (_lock)
        {
            followed = [.. _followed.Values.Select(static followed => followed.Followed)];
        }

        await Task.WhenAll(followed).WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _fileGate.Dispose();
        _file?.Dispose();
        foreach (var (call, _) in _followed.Values)
        {
            call.Dispose();
        }
    }

    private TimeSpan PauseMax => TimeSpan.FromSeconds(options.Value.PollSeconds);

    private TimeSpan FirstPause => PauseMax < FirstPauseMax ? PauseMax : FirstPauseMax;

    private void FreePlace()
    {
        lock (_lock)
        {
            _places--;
        }
    }

    private FollowedCall Open(BackgroundCall call)
    {
        var hold = admission.GoOn(call.KeyId, call.Known.Call);
        hold.Progress(call.Known.Usage.OutputTokens);
        return new FollowedCall(call, hold, counter);
    }

    private void Begin(FollowedCall call, TimeSpan pause) => _followed[call.Call.RequestId] = (call, RunAsync(call, pause));

    private async Task RunAsync(FollowedCall call, TimeSpan pause)
    {
        // Begun under the lock.
        await Task.Yield();
        try
        {
            do
            {
                await Task.Delay(pause, time, _stopping.Token);
                pause = pause < FirstPause ? FirstPause : pause * 2 < PauseMax ? pause * 2 : PauseMax;
            }
            while (!await TryEndAsync(call, _stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The next process goes on.
            call.Hold.Dispose();
        }
    }

    /// <summary>Asks about a response, and settles its call if nothing more will be learned. True when it is settled.</summary>
    private async Task<bool> TryEndAsync(FollowedCall call, CancellationToken cancellationToken)
    {
        await call.Gate.WaitAsync(cancellationToken);
        try
        {
            if (call.IsSettled)
            {
                return true;
            }

            var state = await query.AskAsync(call.Call, cancellationToken);
            var now = time.GetUtcNow();
            var isLate = now - call.Call.Known.StartedAt > TimeSpan.FromHours(options.Value.Hours);
            if (await call.ConcludeAsync(state, isLate, now) is not { } settlement)
            {
                return false;
            }

            if (!await call.Hold.SettleAsync(settlement))
            {
                // Neither the ledger nor the outbox took it. The hold has ended with that.
                call.Hold = admission.GoOn(call.Call.KeyId, call.Call.Known.Call);
                return false;
            }

            call.IsSettled = true;
            try
            {
                await RemoveAsync(call.Call);
            }
            finally
            {
                LogSettled(call.Call.KeyId, settlement);
            }

            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing here may end the following of a response but its count.
            LogNotEnded(call.Call.RequestId, e);
            return call.IsSettled;
        }
        finally
        {
            call.Gate.Release();
        }
    }

    private async Task RemoveAsync(BackgroundCall call)
    {
        await _fileGate.WaitAsync(CancellationToken.None);
        try
        {
            List<BackgroundCall> left;
            lock (_lock)
            {
                _followed.Remove(call.RequestId);
                left = [.. _followed.Values.Select(static followed => followed.Call.Call)];
            }

            _file!.MarkDone(call.RequestId);
            if (left.Count == 0)
            {
                _file.Clear();
                LogNoneLeft();
            }
            else if (_file.IsMostlyDone)
            {
                Rewrite(left);
            }
        }
        finally
        {
            _fileGate.Release();
        }
    }

    private void Rewrite(IReadOnlyList<BackgroundCall> waiting)
    {
        try
        {
            _file!.Rewrite(waiting);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The old file has all of it too, and is only larger.
            LogNotRewritten(e);
        }
    }
}
