using System.Buffers;

namespace Relay.Frontend.Forwarding;

/// <summary>A request's body, read once into pooled memory and sent from there; it is never held twice.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstPartBytes = 16 * 1024;
    private const int PartBytesMax = 1024 * 1024;

    private readonly List<byte[]> _parts = [];
    private int _lastPartBytes;
    private long _length;
    private int _sendings;

    /// <summary>The bytes as they came.</summary>
    public ReadOnlySequence<byte> Bytes { get; private set; } = ReadOnlySequence<byte>.Empty;

    /// <summary>Reads the body to its end; false when it is longer than allowed. A client that goes meanwhile throws.</summary>
    public async Task<bool> TryReadAsync(HttpRequest request, long bytesMax, CancellationToken cancellationToken)
    {
        if (request.ContentLength > bytesMax)
        {
            return false;
        }

        // What a client declares is not believed beforehand: memory grows with what has really come.
        var size = (int)Math.Clamp((request.ContentLength ?? 0) + 1, 1024, FirstPartBytes);
        while (true)
        {
            if (_parts.Count == 0 || _lastPartBytes == _parts[^1].Length)
            {
                _parts.Add(ArrayPool<byte>.Shared.Rent(size));
                _lastPartBytes = 0;
                size = Math.Min(size * 4, PartBytesMax);
            }

            var read = await request.Body.ReadAsync(_parts[^1].AsMemory(_lastPartBytes), cancellationToken);
            if (read == 0)
            {
                Bytes = ToSequence();
                return true;
            }

            _lastPartBytes += read;
            _length += read;
            if (_length > bytesMax)
            {
                return false;
            }
        }
    }

    /// <summary>Keeps the memory out of the pool while it is being sent: an upstream may answer before it has read the whole body.</summary>
    public void SendingStarts() => Interlocked.Increment(ref _sendings);

    /// <summary>The upstream has the whole body. A sending that failed never ends: its connection may still read the memory.</summary>
    public void SendingEnded() => Interlocked.Decrement(ref _sendings);

    public void Dispose()
    {
        Bytes = ReadOnlySequence<byte>.Empty;
        if (Volatile.Read(ref _sendings) == 0)
        {
            foreach (var part in _parts)
            {
                ArrayPool<byte>.Shared.Return(part);
            }
        }

        _parts.Clear();
    }

    private ReadOnlySequence<byte> ToSequence()
    {
        if (_parts.Count == 1)
        {
            return new ReadOnlySequence<byte>(_parts[0], 0, _lastPartBytes);
        }

        var first = new BodySegment(_parts[0]);
        var last = first;
        for (var i = 1; i < _parts.Count; i++)
        {
            last = last.Append(i == _parts.Count - 1 ? _parts[i].AsMemory(0, _lastPartBytes) : _parts[i]);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class BodySegment : ReadOnlySequenceSegment<byte>
    {
        public BodySegment(ReadOnlyMemory<byte> memory)
        {
            Memory = memory;
        }

        public BodySegment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new BodySegment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
