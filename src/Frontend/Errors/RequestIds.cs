namespace Relay.Frontend.Errors;

/// <summary>Relay's own id of a request: on every answer, in every log line and ledger entry. A client's own is never taken over.</summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";

    private static readonly object ItemKey = new();

    /// <summary>Makes the request's id and puts it on the response.</summary>
    public static string Assign(HttpContext http)
    {
        http.Items[ItemKey] = Guid.CreateVersion7();
        return Write(http);
    }

    /// <summary>Puts the request's id on the response again, after its headers were cleared.</summary>
    public static string Write(HttpContext http)
    {
        var text = Format(Of(http));
        http.Response.Headers[Header] = text;
        return text;
    }

    /// <summary>The request's id.</summary>
    public static Guid Of(HttpContext http) => (Guid)http.Items[ItemKey]!;

    /// <summary>The id as clients and logs see it.</summary>
    public static string Format(Guid requestId) => $"req_{requestId:N}";
}
