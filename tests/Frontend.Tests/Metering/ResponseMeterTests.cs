using System.Text;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Metering;

public sealed class ResponseMeterTests
{
    private const string Response =
        """{"id":"resp_1","model":"gpt-4o-2024","status":"completed","error":null,"output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"AAAA"},{"type":"message","content":[{"type":"output_text","annotations":[{"url":"u","title":"t"}],"logprobs":[{"token":"Hi"}],"text":"Hi é"},{"type":"refusal","refusal":"No"}]},{"type":"function_call","call_id":"c","name":"get","arguments":"{}"}],"tools":[{"name":"get","text":"none"}],"metadata":{"usage":{"input_tokens":99}},"usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":4},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":20}}""";

    private static readonly TokenUsage Usage = new() { InputTokens = 11, CachedInputTokens = 4, OutputTokens = 9, ReasoningTokens = 5 };

    private static readonly long TextBytes = Encoding.UTF8.GetByteCount("Hm." + "Hi é" + "No" + "get" + "{}");

    private readonly StreamMeter _meter = new(AnswerShape.Response);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Append_AWholeResponse_GivesUsageModelAndText(int partBytes)
    {
        using var meter = new BodyMeter(AnswerShape.Response);
        foreach (var part in Encoding.UTF8.GetBytes(Response).Chunk(partBytes))
        {
            meter.Append(part);
        }

        meter.Complete();

        Assert.Equal((Usage, "gpt-4o-2024", TextBytes), (meter.Usage, meter.Model, meter.Text.Bytes));
    }

    [Theory]
    [InlineData("""{"id":"resp_1","status":"queued"}""", "resp_1", nameof(ResponseProgress.Running))]
    [InlineData("""{"status":"in_progress","output":[{"id":"msg_1","status":"completed"}],"id":"resp_1"}""", "resp_1", nameof(ResponseProgress.Running))]
    [InlineData("""{"id":"resp_1","status":"completed"}""", null, nameof(ResponseProgress.Over))]
    [InlineData("""{"id":"resp_1","status":"incomplete"}""", null, nameof(ResponseProgress.Over))]
    [InlineData("""{"id":"resp_1","status":"failed"}""", null, nameof(ResponseProgress.Over))]
    [InlineData("""{"id":"resp_1","status":"cancelled"}""", null, nameof(ResponseProgress.Over))]
    [InlineData("""{"id":"resp_1","status":"resting"}""", null, nameof(ResponseProgress.Unsaid))]
    [InlineData("""{"id":"","status":"queued"}""", null, nameof(ResponseProgress.Running))]
    [InlineData("""{"id":7,"status":"queued"}""", null, nameof(ResponseProgress.Running))]
    [InlineData("""{"id":"resp_1","metadata":{"status":"queued"}}""", null, nameof(ResponseProgress.Unsaid))]
    public void Append_AResponse_TellsWhetherItGoesOn(string body, string? running, string progress)
    {
        using var meter = new BodyMeter(AnswerShape.Response);
        meter.Append(Encoding.UTF8.GetBytes(body));
        meter.Complete();

        Assert.Equal((running, progress), (meter.RunningResponse, meter.Progress.ToString()));
    }

    [Fact]
    public void Append_AnIdTooLongForOne_IsNoId()
    {
        using var meter = new BodyMeter(AnswerShape.Response);
        meter.Append(Encoding.UTF8.GetBytes($$"""{"id":"{{new string('x', 513)}}","status":"queued"}"""));

        Assert.Null(meter.RunningResponse);
    }

    [Fact]
    public void Read_Events_TellTheResponseUntilItsTerminalEvent()
    {
        ReadData("""{"type":"response.queued","sequence_number":0,"response":{"id":"resp_1","status":"queued"}}""");
        ReadData("""{"type":"response.output_text.delta","sequence_number":1,"delta":"Hi"}""");
        Assert.Equal("resp_1", _meter.RunningResponse);

        ReadData($$"""{"type":"response.completed","sequence_number":2,"response":{{Response}}}""");
        Assert.Null(_meter.RunningResponse);
    }

    [Theory]
    [InlineData("response.completed")]
    [InlineData("response.incomplete")]
    [InlineData("response.failed")]
    public void Read_ATerminalEvent_IsTheEndWithItsUsage(string type)
    {
        Assert.Equal(SseEventKind.Done, ReadData($$"""{"type":"{{type}}","sequence_number":7,"response":{{Response}}}"""));

        Assert.True(_meter.SawDone);
        Assert.Equal((Usage, "gpt-4o-2024", TextBytes, 8), (_meter.Usage, _meter.Model, _meter.Text.Bytes, _meter.NextSequence));
    }

    [Fact]
    public void Read_ATerminalEventWhoseTypeStandsLast_IsTheEnd() =>
        Assert.Equal(SseEventKind.Done, ReadData($$"""{"response":{{Response}},"type":"response.completed"}"""));

    [Fact]
    public void Read_DeltasAndThenTheWhole_CountsTheTextOnce()
    {
        ReadData("""{"type":"response.created","sequence_number":0,"response":{"model":"m-1","output":[],"usage":null}}""");
        ReadData("""{"type":"response.output_text.delta","sequence_number":1,"output_index":0,"delta":"Hi","obfuscation":"xxxx"}""");
        ReadData("""{"type":"response.function_call_arguments.delta","sequence_number":2,"output_index":1,"delta":"{}"}""");
        ReadData("""{"type":"response.audio.delta","sequence_number":3,"delta":"AAAAAAAA"}""");
        ReadData("""{"type":"response.output_text.done","sequence_number":4,"text":"Hi"}""");
        ReadData($$"""{"type":"response.completed","sequence_number":5,"response":{{Response}}}""");

        Assert.Equal(("m-1", 4), (_meter.Model, _meter.Text.Bytes));
        Assert.Equal(["Hi", "{}"], _meter.Text.Kept);
    }

    [Theory]
    [InlineData("""{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":3}""", true)]
    [InlineData("""{"error":{"message":"m"}}""", true)]
    [InlineData("""{"type":"response.in_progress","error":null}""", false)]
    [InlineData("""{"type":"response.created","response":{"error":{"message":"m"}}}""", false)]
    public void Read_AnErrorOfTheStream_IsSeen(string data, bool expected)
    {
        Assert.Equal(SseEventKind.Data, ReadData(data));
        Assert.Equal(expected, _meter.SawError);
    }

    [Theory]
    [InlineData("""{"type":"response.completed","response":{"usage":null}}""")]
    [InlineData("""{"type":"response.completed","response":null}""")]
    [InlineData("""{"type":"response.completed","response":{"usage":{"input_tokens":-1,"output_tokens":2}}}""")]
    [InlineData("""{"type":"response.completed","response":{"nested":{"usage":{"input_tokens":1}}}}""")]
    public void Read_NoUsageThatCanBeTrusted_IsNone(string data)
    {
        Assert.Equal(SseEventKind.Done, ReadData(data));
        Assert.Null(_meter.Usage);
    }

    private SseEventKind ReadData(string data) => _meter.Read(Encoding.UTF8.GetBytes($"event: x\ndata: {data}\n\n"));
}
