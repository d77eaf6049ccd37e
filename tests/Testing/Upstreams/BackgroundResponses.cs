using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>The responses that the fake model has made in the background, and what is answered about them.</summary>
internal sealed class BackgroundResponses
{
    private const string Path = FakeUpstream.ResponsesPath + "/";

    private readonly ConcurrentDictionary<string, BackgroundResponse> _byId = new(StringComparer.Ordinal);
    private BackgroundResponse? _last;

    /// <summary>The newest.</summary>
    public BackgroundResponse Last => _last ?? throw new InvalidOperationException("No response was made in the background.");

    public BackgroundResponse Begin(ResponseShape shape, UpstreamBillEntry entry)
    {
        var response = new BackgroundResponse(shape, entry);
        _byId[response.Id] = response;
        _last = response;
        return response;
    }

    /// <summary>The status and body for a request; null where it is about none of them.</summary>
    public (int Status, JsonObject Body)? For(UpstreamRequest request)
    {
        if (!request.Path.StartsWith(Path, StringComparison.Ordinal)
            || request.Path[Path.Length..].Split('/') is not [var id, .. var rest]
            || !_byId.TryGetValue(id, out var response))
        {
            return null;
        }

        if (response.Body() is not { } body)
        {
            return (404, ErrorAnswer.Body("There is no such response.", "invalid_request_error", null));
        }

        switch ((request.Method, rest))
        {
            case ("DELETE", []):
                response.Forget();
                return (200, new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true });
            case ("POST", ["cancel"]):
                response.End("cancelled", reportsUsage: false);
                return (200, response.Body()!);
            default:
                return (200, body);
        }
    }
}
