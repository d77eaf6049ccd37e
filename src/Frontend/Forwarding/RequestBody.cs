using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Frontend.Overload;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Forwarding;

/// <summary>A request's body, read once into pooled memory and sent from there; it is never held twice.</summary>
internal sealed class RequestBody(BodyMemory memory) : IDisposable
{
    /// <summary>The largest piece in which memory is taken.</summary>
    public const int PartBytesMax = 1024 * 1024;

    private const int FirstPartBytes = 16 * 1024;

    private readonly List<byte[]> _parts = [];
    private int _lastPartBytes;
    private long _length;
    private int _sendings;

    /// <summary>The bytes as they came, without their compression if they had one.</summary>
    public ReadOnlySequence<byte> Bytes { get; private set; } = ReadOnlySequence<byte>.Empty;

    /// <summary>Whether a request's body is compressed, so that a small one may come to much.</summary>
    public static bool IsCompressed(HttpRequest request) => CodingOf(request).Length > 0;

    /// <summary>Reads the body to its end; answers what is wrong with it, or null. A client that goes meanwhile throws.</summary>
    public async ValueTask<RelayError?> ReadAsync(HttpRequest request, long bytesMax, CancellationToken cancellationToken)
    {
        if (request.ContentLength > bytesMax)
        {
            return RelayError.BodyTooLarge(bytesMax);
        }

        if (!IsCompressed(request))
        {
            return await ReadToEndAsync(request.Body, request.ContentLength, bytesMax, cancellationToken);
        }

        if (ContentCodings.TryDecode(request.Body, CodingOf(request)) is not { } inflated)
        {
            // Says what would be taken (RFC 9110, 15.5.16).
            request.HttpContext.Response.Headers.AcceptEncoding = ContentCodings.Names;
            return RelayError.UnsupportedEncoding(RecordText.Clean(CodingOf(request)));
        }

        await using (inflated)
        {
            return await InflateAsync(request.HttpContext, inflated, bytesMax, cancellationToken);
        }
    }

    private static string CodingOf(HttpRequest request) => request.Headers.ContentEncoding.ToString().Trim() is var coding
        && coding.Equals("identity", StringComparison.OrdinalIgnoreCase) ? "" : coding;

    /// <summary>Neither what comes nor what it comes to may be longer than allowed: compressed nothing can go on for ever.</summary>
    private async ValueTask<RelayError?> InflateAsync(HttpContext http, Stream inflated, long bytesMax, CancellationToken cancellationToken)
    {
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = bytesMax;
        try
        {
            return await ReadToEndAsync(inflated, length: null, bytesMax, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return RelayError.BodyTooLarge(bytesMax);
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException)
        {
            return RelayError.BadRequest("The body of this request is not compressed as its 'content-encoding' says.");
        }
    }

    /// <summary>Answers what is wrong when it is longer than allowed, or there is no more memory.</summary>
    private async ValueTask<RelayError?> ReadToEndAsync(Stream body, long? length, long bytesMax, CancellationToken cancellationToken)
    {
        // What a client declares is not believed beforehand: memory grows with what has really come.
        var size = (int)Math.Clamp((length ?? 0) + 1, 1024, FirstPartBytes);
        while (true)
        {
            if (_parts.Count == 0 || _lastPartBytes == _parts[^1].Length)
            {
                if (memory.TryTake(size) is not { } part)
                {
                    return RelayError.Overloaded();
                }

                _parts.Add(part);
                _lastPartBytes = 0;
                size = Math.Min(size * 4, PartBytesMax);
            }

            var read = await body.ReadAsync(_parts[^1].AsMemory(_lastPartBytes), cancellationToken);
            _lastPartBytes += read;
            _length += read;
            if (_length > bytesMax)
            {
                return RelayError.BodyTooLarge(bytesMax);
            }

            // The server gives no more than was declared.
            if (read == 0 || _length == length)
            {
                Bytes = ToSequence();
                return null;
            }
        }
    }

    /// <summary>Keeps the memory out of the pool while it is being sent: an upstream may answer before it has read the whole body.</summary>
    public void SendingStarts() => Interlocked.Increment(ref _sendings);

    /// <summary>The upstream has the whole body. A sending that failed never ends: its connection may still read the memory.</summary>
    public void SendingEnded() => Interlocked.Decrement(ref _sendings);

    /// <summary>Gives the memory of a long body back early.</summary>
    public void DropIfLongerThan(int bytes)
    {
        if (Bytes.Length > bytes)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        Bytes = ReadOnlySequence<byte>.Empty;
        var isStillRead = Volatile.Read(ref _sendings) != 0;
        foreach (var part in _parts)
        {
            memory.GiveBack(part, isStillRead);
        }

        _parts.Clear();
    }

    private ReadOnlySequence<byte> ToSequence()
    {
        if (_parts.Count == 1)
        {
            return new ReadOnlySequence<byte>(_parts[0], 0, _lastPartBytes);
        }

        var first = new BodySegment(_parts[0]);
        var last = first;
        for (var i = 1; i < _parts.Count; i++)
        {
            last = last.Append(i == _parts.Count - 1 ? _parts[i].AsMemory(0, _lastPartBytes) : _parts[i]);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class BodySegment : ReadOnlySequenceSegment<byte>
    {
        public BodySegment(ReadOnlyMemory<byte> memory)
        {
            Memory = memory;
        }

        public BodySegment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new BodySegment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
