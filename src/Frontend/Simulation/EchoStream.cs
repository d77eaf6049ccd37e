namespace Relay.Frontend.Simulation;

/// <summary>
/// Events as a stream: each is made when the reader has taken the one before, so that nothing runs ahead of the reader and
/// nothing goes on once it has stopped. A read never spans events.
/// </summary>
internal sealed class EchoStream(IEnumerable<EchoEvent> events, TimeProvider time, TimeSpan delay) : Stream
{
    private readonly IEnumerator<EchoEvent> _events = events.GetEnumerator();
    private ReadOnlyMemory<byte> _unread;
    private bool _delayed;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (buffer.IsEmpty)
        {
            return 0;
        }

        // A read that is cancelled during the delay leaves the event to the next one.
        if (_delayed || (_unread.IsEmpty && _events.MoveNext()))
        {
            _delayed = true;
            if (_events.Current.IsGenerated)
            {
                await Task.Delay(delay, time, cancellationToken);
            }

            _delayed = false;
            _unread = _events.Current.Bytes;
        }

        var taken = Math.Min(buffer.Length, _unread.Length);
        _unread[..taken].CopyTo(buffer);
        _unread = _unread[taken..];
        return taken;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("The simulated model takes its time: read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _events.Dispose();
        }

        base.Dispose(disposing);
    }
}
