using System.Buffers;

namespace Relay.Frontend.Forwarding;

/// <summary>Applies edits to a body without copying it.</summary>
internal static class RequestRewriter
{
    /// <summary>
    /// Strings slices of the body and the replacements together; the result is good for as long as the body's memory is.
    /// </summary>
    /// <exception cref="ArgumentException">Edits that overlap, are out of order, or lie outside the body.</exception>
    public static ReadOnlySequence<byte> Apply(in ReadOnlySequence<byte> body, IReadOnlyList<ByteEdit> edits)
    {
        if (edits.Count == 0)
        {
            return body;
        }

        BodySegment? first = null;
        BodySegment? last = null;
        var rest = body;
        var offset = 0L;
        foreach (var edit in edits)
        {
            if (edit.Offset < offset || edit.Length < 0 || edit.Offset - offset > rest.Length - edit.Length)
            {
                throw new ArgumentException("Edits must lie in the body, in order, and must not overlap.", nameof(edits));
            }

            Append(rest.Slice(0, edit.Offset - offset), ref first, ref last);
            Append(edit.Replacement, ref first, ref last);
            rest = rest.Slice(edit.Offset - offset + edit.Length);
            offset = edit.Offset + edit.Length;
        }

        Append(rest, ref first, ref last);
        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private static void Append(in ReadOnlySequence<byte> slice, ref BodySegment? first, ref BodySegment? last)
    {
        foreach (var memory in slice)
        {
            Append(memory, ref first, ref last);
        }
    }

    private static void Append(ReadOnlyMemory<byte> memory, ref BodySegment? first, ref BodySegment? last)
    {
        if (!memory.IsEmpty)
        {
            last = new BodySegment(memory, last);
            first ??= last;
        }
    }
}
