namespace Relay.Frontend.Metering;

/// <summary>Takes an SSE event apart: gives the value of each <c>data</c> line in turn.</summary>
internal ref struct SseLines(ReadOnlySpan<byte> sseEvent)
{
    private ReadOnlySpan<byte> _rest = sseEvent;

    /// <summary>Whether there is another <c>data</c> line, and its value, without the one space that may lead it.</summary>
    public bool TryReadData(out ReadOnlySpan<byte> value)
    {
        while (!_rest.IsEmpty)
        {
            var lineEnd = _rest.IndexOfAny((byte)'\r', (byte)'\n');
            var line = lineEnd < 0 ? _rest : _rest[..lineEnd];

            // A CRLF reads as two line ends here: the empty line between them says nothing.
            _rest = lineEnd < 0 ? default : _rest[(lineEnd + 1)..];
            if (!line.StartsWith("data"u8))
            {
                continue;
            }

            if (line.Length == 4)
            {
                value = default;
                return true;
            }

            if (line[4] == (byte)':')
            {
                value = line.Length > 5 && line[5] == (byte)' ' ? line[6..] : line[5..];
                return true;
            }
        }

        value = default;
        return false;
    }
}
