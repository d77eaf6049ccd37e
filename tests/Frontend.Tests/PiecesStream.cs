namespace Relay.Frontend.Tests;

/// <summary>Bytes as a connection gives them: in pieces of given sizes, over and over, never more than one a read.</summary>
internal sealed class PiecesStream(ReadOnlyMemory<byte> bytes, IReadOnlyList<int> sizes) : Stream
{
    private ReadOnlyMemory<byte> _rest = bytes;
    private int _pieces;
    private int _left = sizes[0];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0)
        {
            _left = sizes[++_pieces % sizes.Count];
        }

        var length = Math.Min(Math.Min(buffer.Length, _left), _rest.Length);
        _rest[..length].CopyTo(buffer);
        _rest = _rest[length..];
        _left -= length;
        return ValueTask.FromResult(length);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
