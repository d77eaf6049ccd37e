using System.Buffers.Binary;

namespace Relay.Frontend.Errors;

/// <summary>Relay's own id of a request: on every answer, in every log line and ledger entry. A client's own is never taken over.</summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";
    private const string Prefix = "req_";

    /// <summary>Makes the request's id and puts it on the response.</summary>
    public static string Assign(HttpContext http, DateTimeOffset now)
    {
        http.TraceIdentifier = Format(Create(now));
        return Write(http);
    }

    /// <summary>
    /// A UUID of version 7 (RFC 9562, 5.7): 48 bits of unix milliseconds, big-endian, and 74 random ones. Not .NET's own, which asks the system for
    /// each; its generator is seeded by the system, once for each thread. An id is no secret.
    /// </summary>
    /// <param name="now">The time.</param>
    private static Guid Create(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, now.ToUnixTimeMilliseconds() << 16);
        Random.Shared.NextBytes(bytes[6..]);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Puts the request's id on the response again, after its headers were cleared.</summary>
    public static string Write(HttpContext http)
    {
        var text = TextOf(http);
        http.Response.Headers[Header] = text;
        return text;
    }

    /// <summary>The request's id.</summary>
    public static Guid Of(HttpContext http) => Guid.ParseExact(TextOf(http).AsSpan(Prefix.Length), "N");

    /// <summary>The request's id as clients and logs see it.</summary>
    public static string TextOf(HttpContext http) => http.TraceIdentifier;

    /// <summary>An id as clients and logs see it.</summary>
    public static string Format(Guid requestId) => $"{Prefix}{requestId:N}";
}
