namespace Relay.Frontend.Metering;

/// <summary>
/// Counts the UTF-8 bytes that a JSON string stands for, fed with its raw bytes in parts of any size, and so that
/// text written in escapes counts no more than the same text written plainly. The string must be valid JSON.
/// </summary>
internal struct DecodedTextCounter
{
    private int _hexDigitsLeft;
    private int _codeUnit;
    private bool _isAfterBackslash;

    /// <summary>The bytes so far. Half a surrogate pair counts two.</summary>
    public long Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> raw)
    {
        while (!raw.IsEmpty)
        {
            if (_hexDigitsLeft > 0)
            {
                AddHexDigit(raw[0]);
                raw = raw[1..];
            }
            else if (_isAfterBackslash)
            {
                _isAfterBackslash = false;
                if (raw[0] == (byte)'u')
                {
                    _hexDigitsLeft = 4;
                    _codeUnit = 0;
                }
                else
                {
                    Bytes++;
                }

                raw = raw[1..];
            }
            else
            {
                var plain = raw.IndexOf((byte)'\\');
                _isAfterBackslash = plain >= 0;
                Bytes += plain < 0 ? raw.Length : plain;
                raw = plain < 0 ? default : raw[(plain + 1)..];
            }
        }
    }

    private void AddHexDigit(byte digit)
    {
        _codeUnit = (_codeUnit << 4) | HexValue(digit);
        if (--_hexDigitsLeft == 0)
        {
            Bytes += _codeUnit switch
            {
                < 0x80 => 1,
                < 0x800 => 2,
                >= 0xD800 and < 0xE000 => 2,
                _ => 3,
            };
        }
    }

    private static int HexValue(byte digit) => digit <= (byte)'9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
