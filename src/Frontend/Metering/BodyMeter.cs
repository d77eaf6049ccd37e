using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Relay.Grains.Usage;

namespace Relay.Frontend.Metering;

/// <summary>
/// Reads what is metered of one JSON answer from its parts going by. It keeps only the token that the last part cut in
/// two, and never throws: what is no JSON, or has a token beyond the bound, is read no further.
/// </summary>
internal sealed class BodyMeter : IDisposable
{
    private readonly int _tokenBytesMax;

    // One of the two: they are large.
    private readonly StrongBox<AnswerReader>? _answer;
    private readonly StrongBox<ResponseReader>? _response;
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 512 });
    private byte[] _kept = [];
    private int _keptLength;
    private int _nextTryLength;
    private bool _hasStarted;
    private bool _hasStopped;

    /// <summary>Reads an answer from its beginning.</summary>
    /// <param name="shape">How the answer is built.</param>
    /// <param name="tokenBytesMax">The longest string or number that is read when parts cut it, in bytes.</param>
    public BodyMeter(AnswerShape shape = AnswerShape.Choices, int tokenBytesMax = 16 * 1024 * 1024)
    {
        _tokenBytesMax = tokenBytesMax;
        if (shape == AnswerShape.Response)
        {
            _response = new(new ResponseReader(depth: 0, Text));
        }
        else
        {
            _answer = new(new AnswerReader(isChunk: false, wantsModel: true, Text));
        }
    }

    /// <summary>The reported usage; null if there was none so far, or if it cannot be trusted.</summary>
    public TokenUsage? Usage => _response is null ? _answer!.Value.Usage : _response.Value.Usage;

    /// <summary>The model as the upstream names it, or null.</summary>
    public string? Model => _response is null ? _answer!.Value.Model : _response.Value.Model;

    /// <summary>How far the response says that it is; nothing of other shapes.</summary>
    public ResponseProgress Progress => _response?.Value.Progress ?? default;

    /// <summary>The id of a response that says that it is not over, or null.</summary>
    public string? RunningResponse => Progress == ResponseProgress.Running ? _response?.Value.Id : null;

    /// <summary>The generated text so far.</summary>
    public OutputText Text { get; } = new(keptBytesFirst: 64);

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
                if (_response is null)
                {
                    _answer!.Value.Read(ref reader);
                }
                else
                {
                    _response.Value.Read(ref reader);
                }
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
        if (_keptLength > _tokenBytesMax)
        {
            Stop();
            return;
        }

        _nextTryLength = (int)Math.Min(_keptLength * 2L, _tokenBytesMax + 1L);
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
