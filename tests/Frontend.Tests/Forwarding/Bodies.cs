using System.Buffers;
using System.Text;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

/// <summary>Request bodies in as many segments as a test wants.</summary>
internal static class Bodies
{
    public static ReadOnlySequence<byte> Of(string json, params int[] segmentSizes)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(json);
        if (segmentSizes.Length == 0)
        {
            return new ReadOnlySequence<byte>(bytes);
        }

        BodySegment? first = null;
        BodySegment? last = null;
        for (var i = 0; !bytes.IsEmpty; i++)
        {
            var size = Math.Min(bytes.Length, segmentSizes[i % segmentSizes.Length]);
            last = new BodySegment(bytes[..size], last);
            first ??= last;
            bytes = bytes[size..];
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }
}
