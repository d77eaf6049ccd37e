using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Forwarding;

/// <summary>Reads an upstream's answer within the bounds of time, and after a hang-up of bytes too.</summary>
internal sealed class AnswerSource(Stream body, UpstreamDeadline deadline, TimeProvider time, TimeSpan betweenBytes, long drainBytes)
{
    private long _drained;

    /// <summary>Whether the client has gone, so that nothing need be written any more.</summary>
    public bool ClientGone => deadline.ClientGone;

    /// <summary>When the body's first byte came, or null.</summary>
    public DateTimeOffset? FirstByteAt { get; private set; }

    /// <summary>Why the last read gave nothing; <see cref="RelayEnd.Complete"/> for the body's orderly end.</summary>
    public RelayEnd End { get; private set; }

    /// <summary>Starts a read without a bound yet; the client may be written to meanwhile. Finish it with <see cref="FinishAsync"/>.</summary>
    public ValueTask<int> StartAsync(Memory<byte> buffer) => body.ReadAsync(buffer, deadline.Token);

    /// <summary>Awaits a started read; 0 at the end, and then <see cref="End"/> says which.</summary>
    public async ValueTask<int> FinishAsync(ValueTask<int> started)
    {
        try
        {
            var read = await WaitForAsync(started);
            if (read == 0)
            {
                End = RelayEnd.Complete;
                return 0;
            }

            FirstByteAt ??= time.GetUtcNow();
            if (ClientGone && (_drained += read) > drainBytes)
            {
                deadline.Cancel();
                End = RelayEnd.ClientClosed;
                return 0;
            }

            return read;
        }
        catch (Exception e) when (FindEnd(e) is { } end)
        {
            End = end;
            return 0;
        }
    }

    /// <summary>Waits for bytes without a buffer for them. False when none will come, and then <see cref="End"/> says why.</summary>
    public async ValueTask<bool> WaitAsync()
    {
        try
        {
            await WaitForAsync(body.ReadAsync(Memory<byte>.Empty, deadline.Token));
            return true;
        }
        catch (Exception e) when (FindEnd(e) is { } end)
        {
            End = end;
            return false;
        }
    }

    /// <summary>Ends a started read whose bytes nobody wants any more, so that its buffer is free when this returns.</summary>
    public async Task AbandonAsync(ValueTask<int> started)
    {
        deadline.Cancel();
        await FinishAsync(started);
    }

    /// <summary>One read from start to finish.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer) => FinishAsync(StartAsync(buffer));

    private ValueTask<int> WaitForAsync(ValueTask<int> started)
    {
        return started.IsCompleted ? started : WaitInBoundsAsync(started);

        async ValueTask<int> WaitInBoundsAsync(ValueTask<int> pending)
        {
            deadline.Begin(betweenBytes);
            var read = await pending;

            // The bound is the upstream's: while a slow client takes what came, it must not run.
            deadline.Begin(Timeout.InfiniteTimeSpan);
            return read;
        }
    }

    /// <summary>What a failed read means; null where it is none of the upstream's doing.</summary>
    private RelayEnd? FindEnd(Exception failure) => failure switch
    {
        OperationCanceledException => ClientGone ? RelayEnd.ClientClosed : RelayEnd.UpstreamStalled,
        IOException or HttpRequestException or InvalidDataException => ClientGone ? RelayEnd.ClientClosed : RelayEnd.UpstreamCut,
        _ => null,
    };
}
