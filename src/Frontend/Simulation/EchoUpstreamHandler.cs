using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>
/// The simulated upstream: one model that repeats the last user message (or the prompt), counted with o200k, so that a
/// newcomer can try streaming, counting and quotas without an account. It stands where a connection to a real upstream
/// stands, so that everything before it is the real thing. Of responses it keeps those that are made in the background, until the process ends. Input tokens are those of all messages' texts, and nothing else.
/// </summary>
/// <param name="time">Gives the time of the answers and the pace of the tokens.</param>
internal sealed class EchoUpstreamHandler(TimeProvider time) : HttpMessageHandler
{
    /// <summary>The name of the only model.</summary>
    public const string Model = "relay-echo";

    /// <summary>The system fingerprint of every answer.</summary>
    public const string Fingerprint = "fp_relay_echo";

    // 2026-01-01, in unix seconds: models must say when they were made.
    private const long ModelCreatedAt = 1_767_225_600;

    private const string ModelsPath = "/v1/models";
    private const string ResponsePaths = "/v1/responses/";
    private const string CancelEnd = "/cancel";

    private readonly EchoStore _stored = new();

    /// <summary>The time that a streamed token takes: slow enough to be seen, fast enough not to be waited for.</summary>
    public static readonly TimeSpan TokenDelay = TimeSpan.FromMilliseconds(10);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        var answer = request.Method.Method switch
        {
            "POST" when path.EndsWith(CancelEnd, StringComparison.Ordinal) => GetStored(path[..^CancelEnd.Length]),
            "POST" => await PostAsync(path, request.Content, cancellationToken),
            "GET" when path.StartsWith(ResponsePaths, StringComparison.Ordinal) => GetStored(path),
            "GET" => Get(path),
            "DELETE" when path.StartsWith(ResponsePaths, StringComparison.Ordinal) => DeleteStored(path[ResponsePaths.Length..]),
            _ => Refuse(EchoFault.UnknownUrl),
        };
        answer.RequestMessage = request;
        answer.Headers.Add("x-request-id", $"req_{Guid.NewGuid():N}");
        return answer;
    }

    private HttpResponseMessage GetStored(string path) =>
        path.StartsWith(ResponsePaths, StringComparison.Ordinal) && _stored.Find(path[ResponsePaths.Length..]) is { } response
            ? Answer(response.Body())
            : Refuse(EchoFault.UnknownResponse);

    private HttpResponseMessage DeleteStored(string id) => _stored.Remove(id)
        ? Answer(new JsonObject { ["id"] = id, ["object"] = "response", ["deleted"] = true })
        : Refuse(EchoFault.UnknownResponse);

    private static HttpResponseMessage Get(string path) => path switch
    {
        ModelsPath => Answer(new JsonObject { ["object"] = "list", ["data"] = new JsonArray(ModelObject()) }),
        $"{ModelsPath}/{Model}" => Answer(ModelObject()),
        _ when path.StartsWith(ModelsPath + "/", StringComparison.Ordinal) => Refuse(EchoFault.UnknownModel),
        _ => Refuse(EchoFault.UnknownUrl),
    };

    private static JsonObject ModelObject() => new()
    {
        ["id"] = Model,
        ["object"] = "model",
        ["created"] = ModelCreatedAt,
        ["owned_by"] = "relay",
    };

    private static HttpResponseMessage Refuse(EchoFault fault) => Answer(fault.Body(), fault.Status);

    private static HttpResponseMessage Answer(JsonObject body, HttpStatusCode status = HttpStatusCode.OK)
    {
        var content = new ByteArrayContent(EchoWriter.Serialize(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpResponseMessage(status) { Content = content };
    }

    private async Task<HttpResponseMessage> PostAsync(
        string path, HttpContent? content, CancellationToken cancellationToken)
    {
        if (path is not ("/v1/chat/completions" or "/v1/completions" or "/v1/embeddings"
            or "/v1/responses" or "/v1/responses/input_tokens" or "/v1/moderations"))
        {
            return Refuse(EchoFault.UnknownUrl);
        }

        using var document = content is null
            ? null
            : EchoBody.TryParse(await content.ReadAsByteArrayAsync(cancellationToken));
        if (document is null)
        {
            return Refuse(EchoFault.NotJson);
        }

        var body = new EchoBody(document.RootElement);
        if (path is "/v1/moderations" && body.Member("model") is null)
        {
            return Moderate(body);
        }

        if (body.Member("model") is not { } model)
        {
            return Refuse(EchoFault.Missing("model"));
        }

        if (EchoBody.Text(model) is not Model)
        {
            return Refuse(EchoFault.UnknownModel);
        }

        return path switch
        {
            "/v1/chat/completions" => Chat(body),
            "/v1/completions" => Complete(body),
            "/v1/responses" => Respond(body),
            "/v1/responses/input_tokens" => CountInput(body),
            "/v1/moderations" => Moderate(body),
            _ => EchoEmbeddings.TryAnswer(body, out var fault) is { } answer ? Answer(answer) : Refuse(fault!),
        };
    }

    private HttpResponseMessage Chat(EchoBody body)
    {
        if (body.Member("messages") is not { } member)
        {
            return Refuse(EchoFault.Missing("messages"));
        }

        return EchoMessages.TryRead(member, "messages", out var fault) is { } messages
            && EchoAnswer.TryRead(body, [messages.Text], messages.InputTokens, out fault) is { } answer
                ? Say(answer, new EchoChatShape(time.GetUtcNow().ToUnixTimeSeconds()))
                : Refuse(fault!);
    }

    private HttpResponseMessage Respond(EchoBody body)
    {
        if (EchoResponse.TryRead(body, time.GetUtcNow().ToUnixTimeSeconds(), out var fault) is not { } answer)
        {
            return Refuse(fault!);
        }

        if (answer.InBackground)
        {
            _stored.Add(answer);
        }

        return answer.Stream ? Stream(answer.Events()) : Answer(answer.InBackground ? answer.QueuedBody() : answer.Body());
    }

    private static HttpResponseMessage CountInput(EchoBody body) =>
        EchoResponse.TryReadInput(body, out var fault) is { } input
            ? Answer(new JsonObject { ["object"] = "response.input_tokens", ["input_tokens"] = input.InputTokens })
            : Refuse(fault!);

    private static HttpResponseMessage Moderate(EchoBody body) =>
        EchoModeration.TryAnswer(body, out var fault) is { } answer ? Answer(answer) : Refuse(fault!);

    private HttpResponseMessage Complete(EchoBody body)
    {
        if (body.Member("prompt") is not { } member)
        {
            return Refuse(EchoFault.Missing("prompt"));
        }

        if (EchoInputs.TryRead(member) is not { } prompts)
        {
            return Refuse(EchoFault.Invalid("prompt", "expected a text, its token numbers, or an array of such."));
        }

        return EchoAnswer.TryRead(
            body, [.. prompts.Select(prompt => prompt.Text)], prompts.Sum(prompt => prompt.Tokens), out var fault) is { } answer
            ? Say(answer, new EchoCompletionShape(time.GetUtcNow().ToUnixTimeSeconds()))
            : Refuse(fault!);
    }

    private HttpResponseMessage Say(EchoAnswer answer, IEchoShape shape)
    {
        if (!answer.Stream)
        {
            return Answer(EchoWriter.Body(answer, shape));
        }

        return Stream(EchoWriter.Events(answer, shape));
    }

    private HttpResponseMessage Stream(IEnumerable<EchoEvent> events)
    {
        var content = new StreamContent(new EchoStream(events, time, TokenDelay));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream") { CharSet = "utf-8" };
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }
}
