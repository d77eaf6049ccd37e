using System.IO.Compression;

namespace Relay.Frontend.Upstreams;

/// <summary>The ways in which a body may be compressed that Relay can undo.</summary>
internal static class ContentCodings
{
    /// <summary>Their names, as an <c>accept-encoding</c> has them.</summary>
    public const string Names = "gzip, deflate, br";

    /// <summary>The body without its compression; null where the coding is none of these.</summary>
    public static Stream? TryDecode(Stream body, string coding) => coding.Trim().ToLowerInvariant() switch
    {
        "" or "identity" => body,
        "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
        "br" => new BrotliStream(body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(body, CompressionMode.Decompress),
        _ => null,
    };
}
