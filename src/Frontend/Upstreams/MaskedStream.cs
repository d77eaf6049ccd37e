namespace Relay.Frontend.Upstreams;

/// <summary>Reads a stream with a secret in it replaced by asterisks, as many, wherever reads cut it.</summary>
internal sealed class MaskedStream(Stream inner, ReadOnlyMemory<byte> secret) : Stream
{
    private const int ReadBytes = 8 * 1024;

    private readonly byte[] _buffer = new byte[ReadBytes + secret.Length];
    private int _start;
    private int _safe;
    private int _end;
    private bool _hasEnded;

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
        while (_start == _safe && !_hasEnded && !buffer.IsEmpty)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _safe, _end) = (0, 0, _end - _start);
            var read = await inner.ReadAsync(_buffer.AsMemory(_end, ReadBytes), cancellationToken);
            _hasEnded = read == 0;
            _end += read;
            Mask();
        }

        var taken = Math.Min(buffer.Length, _safe - _start);
        _buffer.AsMemory(_start, taken).CopyTo(buffer);
        _start += taken;
        return taken;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are read asynchronously.");

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
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Mask()
    {
        var bytes = _buffer.AsSpan(0, _end);
        int found;
        while ((found = bytes.IndexOf(secret.Span)) >= 0)
        {
            bytes.Slice(found, secret.Length).Fill((byte)'*');
        }

        // The last bytes may be the beginning of a secret of which the rest is still to come.
        _safe = _hasEnded ? _end : Math.Max(0, _end - (secret.Length - 1));
    }
}
