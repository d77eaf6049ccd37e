using System.Buffers;
using Microsoft.Extensions.Options;

namespace Relay.Frontend.Overload;

/// <summary>The memory of all request bodies of this process. It is pooled, and there is an end to it.</summary>
internal sealed class BodyMemory(IOptions<OverloadOptions> options)
{
    private long _taken;

    /// <summary>How many bytes are taken.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a piece of at least that size; null when there is no more.</summary>
    public byte[]? TryTake(int bytes)
    {
        var piece = ArrayPool<byte>.Shared.Rent(bytes);
        if (Interlocked.Add(ref _taken, piece.Length) <= options.Value.BodyBytes)
        {
            return piece;
        }

        GiveBack(piece);
        return null;
    }

    /// <summary>Gives a piece back.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="isStillRead">Whether somebody may go on reading it: it is not given to anybody else then.</param>
    public void GiveBack(byte[] piece, bool isStillRead = false)
    {
        Interlocked.Add(ref _taken, -piece.Length);
        if (!isStillRead)
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
