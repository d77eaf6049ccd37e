namespace Relay.Frontend.Metering;

/// <summary>
/// Finds where the events of one SSE stream end, by the WHATWG rules: a blank line ends an event, and lines end in LF,
/// CRLF or CR. Every byte belongs to exactly one event, and where events end does not depend on how the bytes arrive.
/// </summary>
/// <param name="eventBytesMax">The longest event that is read, in bytes with its blank line.</param>
internal sealed class SseScanner(int eventBytesMax = 16 * 1024 * 1024)
{
    private int _looked;
    private bool _isAtLineStart = true;
    private bool _mayFinishCrLf;
    private bool _lastLineEndedInLf = true;

    /// <summary>
    /// Looks for the end of the event with which <paramref name="unread"/> starts. After false, the next call must give
    /// the same bytes and more; after true, what follows the event.
    /// </summary>
    /// <param name="unread">The bytes not yet given out, from the end of the last event.</param>
    /// <param name="length">The event's length with its blank line; 0 if it has not ended yet.</param>
    /// <exception cref="SseEventTooLongException">The event is longer than the bound; the scanner is of no more use.</exception>
    public bool TryReadEvent(ReadOnlySpan<byte> unread, out int length)
    {
        length = FindEnd(unread);
        if (Math.Max(length, _looked) > eventBytesMax)
        {
            throw new SseEventTooLongException(eventBytesMax);
        }

        if (length == 0)
        {
            return false;
        }

        _looked = 0;
        _isAtLineStart = true;
        return true;
    }

    private int FindEnd(ReadOnlySpan<byte> unread)
    {
        while (_looked < unread.Length)
        {
            if (_mayFinishCrLf)
            {
                _mayFinishCrLf = false;
                if (unread[_looked] == (byte)'\n')
                {
                    _lastLineEndedInLf = true;
                    _looked++;
                    continue;
                }
            }

            if (_isAtLineStart && unread[_looked] is (byte)'\n' or (byte)'\r')
            {
                return EndOfBlankLine(unread);
            }

            var lineEnd = unread[_looked..].IndexOfAny((byte)'\r', (byte)'\n');
            if (lineEnd < 0)
            {
                _isAtLineStart = false;
                _looked = unread.Length;
                return 0;
            }

            _looked += lineEnd;
            EndLine(unread[_looked]);
            _isAtLineStart = true;
            _looked++;
        }

        return 0;
    }

    /// <summary>
    /// The end of the blank line at <see cref="_looked"/>. Whether an LF after its CR belongs to it is known only once
    /// the next byte is there. In a stream that writes LFs it is waited for; in one of bare CRs the last event of a
    /// burst would hang, so the event ends at the CR, and an LF that comes after all goes with the next event.
    /// </summary>
    private int EndOfBlankLine(ReadOnlySpan<byte> unread)
    {
        if (unread[_looked] == (byte)'\n' || !_lastLineEndedInLf)
        {
            EndLine(unread[_looked]);
            return _looked + 1;
        }

        if (_looked + 1 == unread.Length)
        {
            return 0;
        }

        if (unread[_looked + 1] == (byte)'\n')
        {
            return _looked + 2;
        }

        _lastLineEndedInLf = false;
        return _looked + 1;
    }

    private void EndLine(byte lineEnd)
    {
        _lastLineEndedInLf = lineEnd == (byte)'\n';
        _mayFinishCrLf = lineEnd == (byte)'\r';
    }
}
