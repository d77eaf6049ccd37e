using System.Buffers;
using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads what is metered of one JSON answer from its parts going by. It keeps only the token that the last part cut in
/// two, and never throws: what is no JSON, or has a token beyond the bound, is read no further.
/// </summary>
/// <param name="tokenBytesMax">The longest string or number that is read when parts cut it, in bytes.</param>
internal sealed class BodyMeter(int tokenBytesMax = 16 * 1024 * 1024) : IDisposable
{
    private AnswerReader _answer = new(isChunk: false, wantsModel: true);
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 512 });
    private byte[] _kept = [];
    private int _keptLength;
    private int _nextTryLength;
    private bool _hasStarted;
    private bool _hasStopped;

    /// <summary>The reported usage; null if there was none so far, or if it cannot be trusted.</summary>
    public TokenUsage? Usage => _answer.Usage;

    /// <summary>The model as the upstream names it, or null.</summary>
    public string? Model => _answer.Model;

    /// <summary>The UTF-8 bytes of generated text so far, JSON escapes undone.</summary>
    public long OutputTextBytes => _answer.OutputTextBytes;

    /// <summary>Whether the body was one whole JSON value; false before <see cref="Complete"/>, or if it was not read to its end.</summary>
    public bool IsJson { get; private set; }

    /// <summary>Reads the body's next part.</summary>
    public void Append(ReadOnlySpan<byte> part)
    {
        if (_hasStopped)
        {
            return;
        }

        if (_keptLength == 0)
        {
            Keep(part[Read(part, isLast: false)..]);
            return;
        }

        Keep(part);
        if (_keptLength < _nextTryLength || _hasStopped)
        {
            return;
        }

        var read = Read(_kept.AsSpan(0, _keptLength), isLast: false);
        if (_hasStopped)
        {
            return;
        }

        _kept.AsSpan(read, _keptLength - read).CopyTo(_kept);
        _keptLength -= read;
        Bound();
    }

    /// <summary>Says that the last part was appended.</summary>
    public void Complete()
    {
        if (!_hasStopped)
        {
            Read(_kept.AsSpan(0, _keptLength), isLast: true);
            IsJson = !_hasStopped;
            Stop();
        }
    }

    /// <summary>Gives the buffer back; what was read stays.</summary>
    public void Dispose() => Stop();

    // Returns how many bytes need not be seen again.
    private int Read(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var start = 0;
        if (!_hasStarted)
        {
            if (!isLast && bytes.Length < 3 && "\uFEFF"u8.StartsWith(bytes))
            {
                return 0;
            }

            _hasStarted = true;
            start = bytes.StartsWith("\uFEFF"u8) ? 3 : 0;
        }

        try
        {
            var reader = new Utf8JsonReader(bytes[start..], isLast, _state);
            while (reader.Read())
            {
                _answer.Read(ref reader);
            }

            _state = reader.CurrentState;
            return start + (int)reader.BytesConsumed;
        }
        catch (JsonException)
        {
            Stop();
            return bytes.Length;
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || _hasStopped)
        {
            return;
        }

        if (_kept.Length - _keptLength < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_keptLength + bytes.Length, _keptLength * 2));
            _kept.AsSpan(0, _keptLength).CopyTo(larger);
            Return();
            _kept = larger;
        }

        bytes.CopyTo(_kept.AsSpan(_keptLength));
        var wasEmpty = _keptLength == 0;
        _keptLength += bytes.Length;
        if (wasEmpty)
        {
            Bound();
        }
    }

    // A long token that comes in small parts is tried again only when as much has come once more, which keeps its cost linear.
    private void Bound()
    {
        if (_keptLength > tokenBytesMax)
        {
            Stop();
            return;
        }

        _nextTryLength = (int)Math.Min(_keptLength * 2L, tokenBytesMax + 1L);
    }

    private void Stop()
    {
        _hasStopped = true;
        _keptLength = 0;
        Return();
    }

    private void Return()
    {
        if (_kept.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_kept, clearArray: true);
            _kept = [];
        }
    }
}
