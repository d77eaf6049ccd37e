using System.Buffers;
using System.Net;

namespace Relay.Frontend.Forwarding;

/// <summary>Sends a <see cref="RequestBody"/>, edits spliced in, from the memory into which it was read.</summary>
internal sealed class RequestBodyContent(RequestBody body, ReadOnlySequence<byte> bytes) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        body.SendingStarts();
        foreach (var part in bytes)
        {
            await stream.WriteAsync(part, cancellationToken);
        }

        body.SendingEnded();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
