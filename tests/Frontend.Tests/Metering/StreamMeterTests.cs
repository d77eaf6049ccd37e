using System.Text;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Metering;

public sealed class StreamMeterTests
{
    private readonly StreamMeter _meter = new();

    [Fact]
    public void Read_AWholeChat_CountsTextAndUsageAndSeesTheEnd()
    {
        Assert.Equal(SseEventKind.Data, ReadData("""{"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"""));
        Assert.False(_meter.SawFinish);
        Assert.Equal(SseEventKind.Data, ReadData("""{"model":"m-2","choices":[{"index":0,"delta":{"content":"Hi there"},"finish_reason":null}],"usage":null}"""));
        Assert.Null(_meter.Usage);
        Assert.Equal(SseEventKind.Data, ReadData("""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"""));
        Assert.True(_meter.SawFinish);
        Assert.Equal(SseEventKind.UsageOnly, ReadData("""{"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":2}}}"""));
        Assert.False(_meter.SawDone);
        Assert.Equal(SseEventKind.Done, ReadData("[DONE]"));

        Assert.Equal(
            new TokenUsage { InputTokens = 12, CachedInputTokens = 8, AudioInputTokens = 1, OutputTokens = 2, ReasoningTokens = 1, AudioOutputTokens = 2 },
            _meter.Usage);
        Assert.Equal("m-1", _meter.Model);
        Assert.Equal(8, _meter.Text.Bytes);
        Assert.True(_meter.SawDone);
        Assert.False(_meter.SawError);
    }

    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1}}""", nameof(SseEventKind.UsageOnly))]
    [InlineData("""{"usage":{},"choices":[ ]}""", nameof(SseEventKind.UsageOnly))]
    [InlineData("""{"choices":[],"usage":null}""", nameof(SseEventKind.Data))]
    [InlineData("""{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}""", nameof(SseEventKind.Data))]
    [InlineData("""{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}""", nameof(SseEventKind.Data))]
    [InlineData("""{"choices":null,"usage":{"prompt_tokens":1}}""", nameof(SseEventKind.Data))]
    [InlineData("""{"usage":{"prompt_tokens":1}}""", nameof(SseEventKind.Data))]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1},"error":{"message":"m"}}""", nameof(SseEventKind.Data))]
    public void Read_ChoicesAndUsage_TellsTheExtraChunkFromOthers(string json, string expected) =>
        Assert.Equal(expected, ReadData(json).ToString());

    [Theory]
    [InlineData("data: [DONE]\n\n", nameof(SseEventKind.Done))]
    [InlineData("data:[DONE]\r\n\r\n", nameof(SseEventKind.Done))]
    [InlineData("data: [DONE]  \r\r", nameof(SseEventKind.Done))]
    [InlineData("\ndata: [DONE]\n\n", nameof(SseEventKind.Done))]
    [InlineData("event: end\nid: 1\ndata: [DONE]\n\n", nameof(SseEventKind.Done))]
    [InlineData("data: [DONE]!\n\n", nameof(SseEventKind.Data))]
    [InlineData(": keep-alive\n\n", nameof(SseEventKind.Comment))]
    [InlineData(":data: [DONE]\n\n", nameof(SseEventKind.Comment))]
    [InlineData(" data: [DONE]\n\n", nameof(SseEventKind.Comment))]
    [InlineData("database: [DONE]\n\n", nameof(SseEventKind.Comment))]
    [InlineData("event: ping\nretry: 5\n\n", nameof(SseEventKind.Comment))]
    [InlineData("\n", nameof(SseEventKind.Comment))]
    [InlineData("data\n\n", nameof(SseEventKind.Data))]
    [InlineData("data:\n\n", nameof(SseEventKind.Data))]
    public void Read_ALineOfEachForm_GivesItsKind(string sseEvent, string expected)
    {
        Assert.Equal(expected, _meter.Read(Encoding.UTF8.GetBytes(sseEvent)).ToString());
        Assert.Equal(string.Equals(expected, nameof(SseEventKind.Done), StringComparison.Ordinal), _meter.SawDone);
    }

    [Fact]
    public void Read_AByteOrderMarkAtTheStartOnly_IsSkippedThere()
    {
        Assert.Equal(SseEventKind.Done, _meter.Read("\uFEFFdata: [DONE]\n\n"u8));
        Assert.Equal(SseEventKind.Comment, _meter.Read("\uFEFFdata: [DONE]\n\n"u8));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Read_JsonOverSeveralDataLines_IsJoined(string lineEnd)
    {
        string[] lines = ["data: {\"choices\":[],", ": a comment between", "data:\"usage\":{\"prompt_tokens\":7,", "data:  \"completion_tokens\":3}}", "", ""];
        Assert.Equal(SseEventKind.UsageOnly, _meter.Read(Encoding.UTF8.GetBytes(string.Join(lineEnd, lines))));
        Assert.Equal(new TokenUsage { InputTokens = 7, OutputTokens = 3 }, _meter.Usage);
    }

    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1}""")]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":1}}}""")]
    [InlineData("""{"error":"x","choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],}""")]
    [InlineData("Internal Server Error")]
    [InlineData("[1,2")]
    public void Read_MalformedJson_SaysNothing(string data)
    {
        Assert.Equal(SseEventKind.Data, ReadData(data));
        Assert.Null(_meter.Usage);
        Assert.False(_meter.SawFinish);
        Assert.False(_meter.SawError);
    }

    [Fact]
    public void Read_MalformedJson_ItsTextUpToTheFaultCounts()
    {
        ReadData("""{"choices":[{"delta":{"content":"four"}},""");

        Assert.Equal(4, _meter.Text.Bytes);
    }

    [Theory]
    [InlineData("""[{"usage":{"prompt_tokens":1}}]""")]
    [InlineData("17")]
    [InlineData("""{"nested":{"usage":{"prompt_tokens":1},"model":"m","error":"e"}}""")]
    [InlineData("""{"choices":[{"usage":{"prompt_tokens":1},"model":"m","error":"e"}]}""")]
    public void Read_MembersElsewhereThanAtTheTop_MeanNothing(string data)
    {
        Assert.Equal(SseEventKind.Data, ReadData(data));
        Assert.Null(_meter.Usage);
        Assert.Null(_meter.Model);
        Assert.False(_meter.SawError);
    }

    [Fact]
    public void Read_UsageInEveryChunk_LastCountsAndIsNoSignOfTheEnd()
    {
        ReadData("""{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}""");
        ReadData("""{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}""");
        ReadData("""{"choices":[{"delta":{"content":"c"}}],"usage":null}""");
        ReadData("""{"choices":[{"delta":{"content":"d"}}],"usage":{}}""");
        Assert.Equal(new TokenUsage { InputTokens = 5, OutputTokens = 2 }, _meter.Usage);
        Assert.False(_meter.SawFinish);
    }

    [Fact]
    public void Read_UsageInTheFinishChunk_Counts()
    {
        Assert.Equal(SseEventKind.Data, ReadData("""{"choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":6,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":7}}"""));
        Assert.Equal(new TokenUsage { InputTokens = 11, OutputTokens = 6, CachedInputTokens = 4 }, _meter.Usage);
        Assert.True(_meter.SawFinish);
    }

    [Fact]
    public void Read_UsageWithoutChoices_IsTheEnd()
    {
        ReadData("""{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":6}}""");
        Assert.True(_meter.SawFinish);
    }

    [Fact]
    public void Read_ALaterUsageThatCannotBeTrusted_LeavesNone()
    {
        ReadData("""{"choices":[],"usage":{"prompt_tokens":11}}""");
        ReadData("""{"choices":[],"usage":{"prompt_tokens":-1}}""");
        Assert.Null(_meter.Usage);
    }

    [Fact]
    public void Read_UsageUnderXGroq_CountsUnlessTheApisOwnIsThere()
    {
        ReadData("""{"x_groq":{"id":"r","usage":{"queue_time":0.1,"prompt_tokens":9,"completion_tokens":4}},"choices":[{"delta":{},"finish_reason":"stop"}]}""");
        Assert.Equal(new TokenUsage { InputTokens = 9, OutputTokens = 4 }, _meter.Usage);
        ReadData("""{"usage":{"prompt_tokens":1,"completion_tokens":2},"x_groq":{"usage":{"prompt_tokens":9}},"choices":[]}""");
        Assert.Equal(new TokenUsage { InputTokens = 1, OutputTokens = 2 }, _meter.Usage);
    }

    [Theory]
    [InlineData("""{"error":{"message":"overloaded"}}""", true)]
    [InlineData("""{"error":{}}""", true)]
    [InlineData("""{"error":"overloaded","choices":[]}""", true)]
    [InlineData("""{"error":500}""", true)]
    [InlineData("""{"error":true}""", true)]
    [InlineData("""{"error":null}""", false)]
    [InlineData("""{"error":false}""", false)]
    [InlineData("""{"error":""}""", false)]
    [InlineData("""{"error":0}""", false)]
    public void Read_AnError_IsSeenIfTruthy(string data, bool expected)
    {
        Assert.Equal(SseEventKind.Data, ReadData(data));
        Assert.Equal(expected, _meter.SawError);
    }

    [Theory]
    [InlineData("""{"content":"four"}""", 4)]
    [InlineData("""{"content":"é\u00e9\ud83d\ude00\n\\\""}""", 2 + 2 + 4 + 3)]
    [InlineData("""{"refusal":"No."}""", 3)]
    [InlineData("""{"reasoning_content":"hm","content":null}""", 2)]
    [InlineData("""{"reasoning":"hmm","reasoning_content":"hmm","content":"x"}""", 4)]
    [InlineData("""{"reasoning":"hm","reasoning_details":[{"type":"text","text":"hm"}]}""", 2)]
    [InlineData("""{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get","arguments":"{}"}},{"index":1,"function":{"arguments":"[1]"}}]}""", 8)]
    [InlineData("""{"function_call":{"name":"f","arguments":"{}"}}""", 3)]
    [InlineData("""{"audio":{"id":"audio_1","data":"AAAAAAAA","transcript":"hello"}}""", 5)]
    [InlineData("""{"content":[{"type":"text","text":"part"}]}""", 4)]
    [InlineData("""{"conten\u0074":"x"}""", 1)]
    [InlineData("""{"role":"assistant","note":"nothing","\ud800":"x"}""", 0)]
    public void Read_ADelta_CountsWhatWasGenerated(string delta, long bytes)
    {
        ReadData($$"""{"choices":[{"index":0,"delta":{{delta}},"logprobs":{"content":[{"token":"tok"}]},"finish_reason":null}]}""");
        Assert.Equal(bytes, _meter.Text.Bytes);
    }

    [Fact]
    public void Read_TextCompletion_CountsTheTextOfEveryChoice()
    {
        ReadData("""{"choices":[{"text":"one","index":0,"finish_reason":null},{"text":"three","index":1,"finish_reason":"length"}]}""");
        Assert.Equal(8, _meter.Text.Bytes);
        Assert.True(_meter.SawFinish);
    }

    [Theory]
    [InlineData("""{"model":"m\ud800"}""")]
    [InlineData("""{"model":""}""")]
    [InlineData("""{"model":7}""")]
    public void Read_AModelThatIsNoName_WaitsForTheNext(string first)
    {
        ReadData(first);
        Assert.Null(_meter.Model);
        ReadData("""{"model":"gpt"}""");
        Assert.Equal("gpt", _meter.Model);
    }

    [Fact]
    public void Read_AnEventOfText_AllocatesNothing()
    {
        var chunk = """data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi \u00e9"},"finish_reason":null}],"usage":null}"""u8.ToArray();
        var usage = """data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":8}}}"""u8.ToArray();
        _meter.Read(chunk);
        _meter.Read(usage);

        // The memory for the text itself was taken with the first of it.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _meter.Read(chunk);
            _meter.Read(usage);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private SseEventKind ReadData(string data) => _meter.Read(Encoding.UTF8.GetBytes($"data: {data}\n\n"));
}
