using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>One call at the scripted upstream: what the steps of a script act on.</summary>
internal sealed class UpstreamExchange(
    UpstreamRequest request, ModelCall? call, UpstreamScript script, UpstreamBillEntry? entry, AnswerWriter writer, BackgroundResponses background)
{
    private const int VisibleTokensPlanned = 8;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IAnswerShape? _shape = call?.Endpoint switch
    {
        FakeUpstream.ChatCompletionsPath => new ChatShape(call),
        FakeUpstream.CompletionsPath => new CompletionShape(call),
        FakeUpstream.ResponsesPath => new ResponseShape(call),
        _ => null,
    };

    private BackgroundResponse? _inBackground;
    private bool _opened;
    private int _generated;

    private bool IsResponse => _shape is ResponseShape;

    private bool Streams => call is { Stream: true } && _shape is not null;

    private int ReasoningPlanned
    {
        get
        {
            var reasons = call!.Model.StartsWith('o') || call.Model.StartsWith("gpt-5", StringComparison.Ordinal);
            return Math.Min(script.ReasoningTokens ?? (reasons ? 2 : 0), call.OutputTokensMax ?? int.MaxValue);
        }
    }

    private int VisiblePlanned => Math.Min(
        script.VisibleTokens ?? VisibleTokensPlanned, (call!.OutputTokensMax ?? int.MaxValue) - ReasoningPlanned);

    public Task WriteAsync(ReadOnlyMemory<byte> bytes) => writer.WriteAsync(bytes, ContentType);

    public Task WriteWholeAsync(ReadOnlyMemory<byte> bytes) => writer.WriteWholeAsync(bytes, script.Status);

    public Task WriteEventAsync(string data) => writer.WriteEventAsync(data);

    public Task SendHeadersAsync() => WriteAsync(default);

    public Task WaitForAsync(Task gate) => writer.WaitForAsync(gate);

    public Task CutByFinAsync()
    {
        writer.CutByFin();
        return Task.CompletedTask;
    }

    public Task CutByResetAsync()
    {
        writer.CutByReset();
        return Task.CompletedTask;
    }

    public async Task GenerateAsync(int count)
    {
        await OpenAsync();
        if (_inBackground is not null)
        {
            await GenerateInBackgroundAsync(count);
            return;
        }

        for (var i = 0; i < count && _shape!.Token(_generated) is { } token; i++)
        {
            _generated++;
            for (var choice = 0; choice < call!.Choices; choice++)
            {
                // Booked before it is sent: whoever has seen the token finds it on the bill.
                entry!.AddToken(token);
                await StreamAsync(_shape.Chunk(choice, token));
            }
        }
    }

    public async Task CompleteAsync()
    {
        if (call is { InBackground: true } && !Streams && IsResponse)
        {
            // It goes on as the test says; the answer leaves at once.
            await OpenAsync();
            await writer.WriteWholeAsync(Serialize(_inBackground!.Body()!), script.Status);
            return;
        }

        if (_shape is not null)
        {
            await GenerateAsync(Math.Max(0, VisiblePlanned - _generated));
            await (Streams ? EndStreamAsync() : WriteBodyAsync());
            return;
        }

        var (status, body) = background.For(request) ?? UnbilledAnswers.For(request) ?? request switch
        {
            { Method: "POST", Path: FakeUpstream.EmbeddingsPath } when call is not null => (script.Status, Embeddings()),
            { Method: "POST" } when FakeUpstream.IsMetered(request.Path) =>
                (400, ErrorAnswer.Body("We could not read the request.", "invalid_request_error", null)),
            { Method: "GET", Path: FakeUpstream.ModelsPath } => (200, ModelsAnswer.List()),
            { Method: "GET" } when request.Path.StartsWith(FakeUpstream.ModelsPath + "/", StringComparison.Ordinal) =>
                ModelsAnswer.Find(request.Path[(FakeUpstream.ModelsPath.Length + 1)..]) is { } model
                    ? (200, model)
                    : (404, ErrorAnswer.Body("The model does not exist.", "invalid_request_error", "model_not_found")),
            _ => (404, ErrorAnswer.Body("Unknown request URL.", "invalid_request_error", "unknown_url")),
        };
        await writer.WriteWholeAsync(Serialize(body), status);
    }

    private string ContentType => Streams ? "text/event-stream; charset=utf-8" : "application/json";

    private static byte[] Serialize(JsonObject body) => JsonSerializer.SerializeToUtf8Bytes(body, Json);

    private async Task OpenAsync()
    {
        if (_opened)
        {
            return;
        }

        _opened = true;
        entry!.AddReasoning((long)ReasoningPlanned * call!.Choices);
        if (call.InBackground && _shape is ResponseShape response)
        {
            _inBackground = background.Begin(response, entry);
        }

        for (var choice = 0; choice < call.Choices; choice++)
        {
            if (_shape!.Opening(choice) is { } opening)
            {
                await StreamAsync(opening);
            }
        }
    }

    private async Task GenerateInBackgroundAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _inBackground!.Generate(1);
            await StreamAsync(_shape!.Chunk(choice: 0, GeneratedText.Token(_generated++)));
        }
    }

    private bool Capped()
    {
        var natural = (script.VisibleTokens ?? VisibleTokensPlanned) + ReasoningPlanned;
        return call!.OutputTokensMax is { } cap && cap < natural && _shape!.Token(_generated) is not null;
    }

    private async Task EndStreamAsync()
    {
        for (var choice = 0; choice < call!.Choices; choice++)
        {
            await StreamAsync(_shape!.Ending(choice, Capped()), endsLast: choice == call.Choices - 1);
        }

        if (IsResponse)
        {
            _inBackground?.End();
            return;
        }

        if (script.Usage == UsagePlacement.AsAsked && call.IncludeUsage)
        {
            var extra = _shape!.WithoutChoices();
            extra["usage"] = UsageObject.Generated(entry!.Usage);
            await writer.WriteEventAsync(extra.ToJsonString(Json));
        }

        await writer.WriteEventAsync("[DONE]");
    }

    private Task WriteBodyAsync()
    {
        var body = _shape!.Body(_generated, Capped());
        if (script.Usage != UsagePlacement.Nowhere)
        {
            body["usage"] = IsResponse ? UsageObject.Responded(entry!.Usage) : UsageObject.Generated(entry!.Usage);
        }

        return writer.WriteWholeAsync(Serialize(body), script.Status);
    }

    private JsonObject Embeddings()
    {
        var body = EmbeddingsAnswer.Body(call!);
        if (script.Usage != UsagePlacement.Nowhere)
        {
            body["usage"] = UsageObject.Embedded(entry!.Usage);
        }

        return body;
    }

    private Task StreamAsync(JsonObject chunk, bool endsLast = false)
    {
        if (!Streams)
        {
            return Task.CompletedTask;
        }

        if (IsResponse)
        {
            return StreamTypedAsync(chunk, endsLast);
        }

        switch (script.Usage)
        {
            case UsagePlacement.AsAsked when call!.IncludeUsage:
                chunk["usage"] = null;
                break;
            case UsagePlacement.EveryChunk:
            case UsagePlacement.FinishChunk when endsLast:
                chunk["usage"] = UsageObject.Generated(entry!.Usage);
                break;
            case UsagePlacement.OnlyGroq when endsLast:
                chunk["x_groq"] = new JsonObject
                {
                    ["id"] = "req_scripted",
                    ["usage"] = UsageObject.Generated(entry!.Usage),
                };
                break;
        }

        return writer.WriteEventAsync(chunk.ToJsonString(Json));
    }

    private Task StreamTypedAsync(JsonObject data, bool endsLast)
    {
        if (endsLast && script.Usage != UsagePlacement.Nowhere)
        {
            data["response"]!["usage"] = UsageObject.Responded(entry!.Usage);
        }

        return writer.WriteAsync(
            Encoding.UTF8.GetBytes($"event: {data["type"]}{script.LineEnd}data: {data.ToJsonString(Json)}{script.LineEnd}{script.LineEnd}"),
            ContentType);
    }
}
