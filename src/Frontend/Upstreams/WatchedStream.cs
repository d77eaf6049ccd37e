using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Relay.Frontend.Upstreams;

/// <summary>
/// A connection that tells each request on it whether it was used before, and whether it answered. The pool itself does not
/// say, and without that nobody knows whether a request that died may be sent again.
/// </summary>
internal sealed class WatchedStream : Stream, IValueTaskSource<int>
{
    private readonly Stream _inner;
    private readonly Action _readEnded;

    // HttpClient reads from a connection one time after the other, so that one source serves all its reads.
    private ManualResetValueTaskSourceCore<int> _read;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _pending;
    private volatile ConnectionAttempt? _attempt;
    private volatile bool _hasAnswered;

    public WatchedStream(Stream inner)
    {
        _inner = inner;
        _readEnded = EndRead;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = _inner.ReadAsync(buffer, cancellationToken);
        if (read.IsCompleted)
        {
            return read.IsCompletedSuccessfully ? ValueTask.FromResult(Received(read.Result)) : read;
        }

        _read.Reset();
        _pending = read.ConfigureAwait(false).GetAwaiter();
        _pending.UnsafeOnCompleted(_readEnded);
        return new ValueTask<int>(this, _read.Version);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Received(_inner.Read(buffer, offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Sending();
        return _inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        Sending();
        _inner.Write(buffer, offset, count);
    }

    public override void Flush() => _inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    [SuppressMessage("Usage", "VSTHRD002", Justification = "Called when the read has ended.")]
    private void EndRead()
    {
        int bytes;
        try
        {
            bytes = Received(_pending.GetResult());
        }
        catch (Exception e)
        {
            _read.SetException(e);
            return;
        }

        _read.SetResult(bytes);
    }

    private void Sending()
    {
        if (ConnectionAttempt.Current is { } attempt && attempt != _attempt)
        {
            _attempt = attempt;
            attempt.Sent(isReused: _hasAnswered);
        }
    }

    private int Received(int bytes)
    {
        if (bytes > 0)
        {
            _hasAnswered = true;
            _attempt?.Answered();
        }

        return bytes;
    }
}
