using System.Buffers;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Relays server-sent events, each flushed on its own as soon as it is whole. The extra usage chunk that only Relay asked for is
/// dropped; the terminal event is withheld, and what an upstream sends after it is not read.
/// </summary>
/// <param name="response">The client's.</param>
/// <param name="source">The upstream's answer.</param>
/// <param name="facts">The call.</param>
/// <param name="progress">Is told the output tokens so far, roughly.</param>
internal sealed class StreamRelay(HttpResponse response, AnswerSource source, RequestFacts facts, Action<long> progress) : IAnswerRelay
{
    private const int BufferBytes = 8 * 1024;

    private readonly SseScanner _scanner = new();
    private readonly StreamMeter _meter = new(facts.Shape, facts.Choices);
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _withheld;
    private bool _isInEvent;
    private bool _clientWasThere = true;

    public TokenUsage? Usage => _meter.Usage;

    public string? Model => _meter.Model;

    public string? RunningResponse => _meter.RunningResponse;

    public OutputText Text => _meter.Text;

    public DateTimeOffset? FirstByteAt => source.FirstByteAt;

    public bool HasSent => response.HasStarted;

    public async ValueTask<RelayEnd> RunAsync()
    {
        // The head goes out at once, as the upstream sent it: the first event may be long in coming.
        await response.StartAsync(CancellationToken.None);
        await response.BodyWriter.FlushAsync(CancellationToken.None);
        try
        {
            while (true)
            {
                if (_start == _end)
                {
                    // Most of a stream's time is spent here: meanwhile its buffer serves others.
                    ReturnBuffer();
                    if (!await source.WaitAsync())
                    {
                        return source.End;
                    }
                }

                MakeRoom();
                var read = await source.ReadAsync(_buffer.AsMemory(_end));
                if (read == 0)
                {
                    return source.End == RelayEnd.Complete ? await EndAsync() : source.End;
                }

                _end += read;
                while (_scanner.TryReadEvent(_buffer.AsSpan(_start.._end), out var length))
                {
                    await RelayAsync(length);
                    if (_meter.SawDone)
                    {
                        return _clientWasThere ? RelayEnd.Complete : RelayEnd.ClientClosed;
                    }
                }

                progress(TokenEstimator.CountFromTextBytes(Text.Bytes));
            }
        }
        catch (SseEventTooLongException)
        {
            return RelayEnd.UpstreamCut;
        }
    }

    public Task FinishAsync() => _withheld > 0 ? SendAsync(_withheld) : Task.CompletedTask;

    public async Task FinishBrokenAsync(RelayError error)
    {
        if (source.ClientGone || _meter.SawError)
        {
            return;
        }

        var writer = response.BodyWriter;
        if (_isInEvent)
        {
            writer.Write("\n\n"u8);
        }

        var isTyped = facts.Shape == AnswerShape.Response;
        writer.Write(isTyped ? "event: error\ndata: "u8 : "data: "u8);
        writer.Write(isTyped ? ResponseErrorEvent.Utf8(error, _meter.NextSequence) : OpenAiErrorBody.Utf8(error));
        writer.Write("\n\n"u8);
        await writer.FlushAsync(CancellationToken.None);
    }

    public void Dispose() => ReturnBuffer();

    /// <summary>The upstream's orderly end without a terminal event: whole only if it had said that it was finished.</summary>
    private async Task<RelayEnd> EndAsync()
    {
        if (_end > _start)
        {
            await RelayAsync(_end - _start);
            _isInEvent = true;
        }

        return !_meter.SawDone && (!_meter.SawFinish || _meter.SawError) ? RelayEnd.UpstreamCut
            : _clientWasThere ? RelayEnd.Complete
            : RelayEnd.ClientClosed;
    }

    private async Task RelayAsync(int length)
    {
        _clientWasThere &= !source.ClientGone;
        switch (_meter.Read(_buffer.AsSpan(_start, length)))
        {
            case SseEventKind.Done:
                _withheld = length;
                return;
            case SseEventKind.UsageOnly when !facts.UsageAsked:
                break;
            default:
                await SendAsync(length);
                break;
        }

        _start += length;
    }

    private async Task SendAsync(int length)
    {
        if (!source.ClientGone)
        {
            await response.BodyWriter.WriteAsync(_buffer.AsMemory(_start, length), CancellationToken.None);
        }
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        // An event that is not whole yet moves to the front, of a larger buffer if it fills this one.
        var buffer = _start > 0 ? _buffer : ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(_start.._end).CopyTo(buffer);
        if (!ReferenceEquals(buffer, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = buffer;
        }

        (_start, _end) = (0, _end - _start);
    }
}
