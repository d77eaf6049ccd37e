using System.Buffers;
using System.Net;
using Relay.Frontend.Metering;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Background;

/// <summary>Asks the upstream what has become of a response, a few questions at a time.</summary>
internal sealed partial class ResponseQuery(Upstream upstream, TimeProvider time, ILogger<ResponseQuery> logger) : IDisposable
{
    private const int AtOnce = 16;
    private const int BufferBytes = 16 * 1024;

    // An answer is there already, or short; what takes longer is asked again.
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _turns = new(AtOnce);

    /// <summary>Asks once. Throws only when it is cancelled.</summary>
    public async Task<ResponseState> AskAsync(BackgroundCall call, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        using var timeout = new CancellationTokenSource(TimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, upstream.AddressOf($"/v1/responses/{Uri.EscapeDataString(call.ResponseId)}", call.Query));
            using var answer = await upstream.SendAsync(request, either.Token);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => await ReadAsync(answer, either.Token),
                HttpStatusCode.NotFound => ResponseState.Unknown,
                _ => Unanswered($"Status {(int)answer.StatusCode}."),
            };
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return Unanswered(e.Message);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>Ends with the process.</summary>
    public void Dispose() => _turns.Dispose();

    private async Task<ResponseState> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        using var meter = new BodyMeter(AnswerShape.Response);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using var body = upstream.Open(answer);
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                meter.Append(buffer.AsSpan(0, read));
            }

            meter.Complete();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return !meter.IsJson
            ? Unanswered("Not a whole JSON body.")
            : new ResponseState(
                meter.Progress == ResponseProgress.Over ? ResponseStateKind.Over : ResponseStateKind.Running,
                meter.Usage,
                meter.Model,
                meter.Text);
    }

    private ResponseState Unanswered(string reason)
    {
        LogUnanswered(upstream.Name, reason);
        return ResponseState.Unanswered;
    }

    [LoggerMessage(LogLevel.Warning, "Upstream {Upstream} did not say how far a response in the background is; it is asked again. {Reason}")]
    private partial void LogUnanswered(string upstream, string reason);
}
