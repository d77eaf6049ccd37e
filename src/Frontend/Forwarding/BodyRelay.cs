using System.Buffers;
using System.IO.Pipelines;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Relays a body that is no stream of events. What comes is sent on at once but for its last byte, so that the client cannot have
/// a whole body before its count is durable. A body that is there in one read goes out in one write.
/// </summary>
internal sealed class BodyRelay(HttpResponse response, AnswerSource source, AnswerShape shape, long? expectedLength) : IAnswerRelay
{
    private const int PartBytes = 16 * 1024;
    private const int UnflushedBytesMax = 64 * 1024;

    private readonly BodyMeter _meter = new(shape);
    private byte[] _part = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(expectedLength ?? PartBytes, 1, PartBytes));

    // Rented when there is more than one part.
    private byte[]? _next;
    private int _withheld;
    private bool _isWhole;
    private long _received;

    public TokenUsage? Usage => _meter.Usage;

    public string? Model => _meter.Model;

    public string? RunningResponse => _meter.RunningResponse;

    public OutputText Text => _meter.Text;

    public DateTimeOffset? FirstByteAt => source.FirstByteAt;

    public bool HasSent { get; private set; }

    private PipeWriter Writer => response.BodyWriter;

    public async ValueTask<RelayEnd> RunAsync()
    {
        var end = await RelayAsync();
        _meter.Complete();
        if (!_meter.IsJson && Text.Bytes == 0)
        {
            // Of what is no JSON, all is taken for text: an answer that is there was not free.
            Text.AddUnread(_received);
        }

        _isWhole = end == RelayEnd.Complete;
        return _isWhole && source.ClientGone ? RelayEnd.ClientClosed : end;
    }

    public Task FinishAsync() => SendAsync(_withheld, flush: true);

    // Of an answer that is whole but not counted, the end must not follow.
    public Task FinishBrokenAsync(RelayError error) => SendAsync(_isWhole ? 0 : _withheld, flush: true);

    public void Dispose()
    {
        _meter.Dispose();
        ArrayPool<byte>.Shared.Return(_part);
        if (_next is not null)
        {
            ArrayPool<byte>.Shared.Return(_next);
        }
    }

    private async ValueTask<RelayEnd> RelayAsync()
    {
        var unflushed = 0;
        var read = await source.ReadAsync(_part);
        while (read > 0)
        {
            _meter.Append(_part.AsSpan(0, read));
            _withheld = read;
            _received += read;
            if (_received == expectedLength)
            {
                return RelayEnd.Complete;
            }

            _next ??= ArrayPool<byte>.Shared.Rent(PartBytes);
            var next = source.StartAsync(_next);
            var flush = !next.IsCompleted || unflushed > UnflushedBytesMax;
            unflushed = flush ? 0 : unflushed + read;
            try
            {
                await SendAsync(_withheld - 1, flush);
            }
            catch
            {
                await source.AbandonAsync(next);
                throw;
            }

            var last = _part[_withheld - 1];
            read = await source.FinishAsync(next);
            if (read == 0)
            {
                _part[0] = last;
                _withheld = 1;
                break;
            }

            // The withheld byte goes out before the part that follows it.
            if (HasSent)
            {
                Writer.Write([last]);
            }

            (_part, _next) = (_next, _part);
        }

        return source.End == RelayEnd.Complete && _received < expectedLength ? RelayEnd.UpstreamCut : source.End;
    }

    private async Task SendAsync(int bytes, bool flush)
    {
        if (source.ClientGone)
        {
            return;
        }

        HasSent = true;
        Writer.Write(_part.AsSpan(0, bytes));
        if (flush)
        {
            await Writer.FlushAsync(CancellationToken.None);
        }
    }
}
