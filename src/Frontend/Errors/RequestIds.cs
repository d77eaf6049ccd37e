using Microsoft.AspNetCore.Http.Features;

namespace Relay.Frontend.Errors;

/// <summary>Relay's own id of a request: on every answer, in every log line and ledger entry. A client's own is never taken over.</summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";

    /// <summary>Makes the request's id and puts it on the response.</summary>
    public static string Assign(HttpContext http, DateTimeOffset now)
    {
        http.Features.Set(new Assigned(Guid.CreateVersion7(now)));
        return Write(http);
    }

    /// <summary>Puts the request's id on the response again, after its headers were cleared.</summary>
    public static string Write(HttpContext http)
    {
        var text = TextOf(http);
        http.Response.Headers[Header] = text;
        return text;
    }

    /// <summary>The request's id.</summary>
    public static Guid Of(HttpContext http) => http.Features.GetRequiredFeature<Assigned>().Id;

    /// <summary>The request's id as clients and logs see it.</summary>
    public static string TextOf(HttpContext http) => http.Features.GetRequiredFeature<Assigned>().Text;

    /// <summary>An id as clients and logs see it.</summary>
    public static string Format(Guid requestId) => $"req_{requestId:N}";

    private sealed class Assigned(Guid id)
    {
        public Guid Id { get; } = id;

        public string Text { get; } = Format(id);
    }
}
