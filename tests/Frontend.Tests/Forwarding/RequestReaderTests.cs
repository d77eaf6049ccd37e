using Relay.Frontend.Endpoints;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class RequestReaderTests
{
    [Fact]
    public void TryRead_APlainChat_GivesItsFacts()
    {
        var facts = Read("""{"model":"gpt-test","messages":[{"role":"user","content":"Hello"}]}""");
        Assert.Equal("gpt-test", facts.Model);
        Assert.False(facts.Stream);
        Assert.False(facts.UsageAsked);
        Assert.Null(facts.OutputTokensMax);
        Assert.Equal(1, facts.Choices);
        Assert.Empty(facts.Edits);

        // "user" and "Hello" are nine bytes: three tokens; a message is eight more.
        Assert.Equal(11, facts.InputTokensEstimated);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("\uFEFF")]
    [InlineData("{\"model\":\"m\"")]
    [InlineData("{\"model\":\"m")]
    [InlineData("{\"model\":\"m\"} x")]
    [InlineData("{\"model\":\"m\"}{}")]
    [InlineData("{\"model\":\"m\",}")]
    [InlineData("{\"model\":\"m\"/* c */}")]
    [InlineData("{'model':'m'}")]
    [InlineData("\uFEFF\uFEFF{\"model\":\"m\"}")]
    [InlineData("[{\"model\":\"m\"}]")]
    [InlineData("\"model\"")]
    [InlineData("null")]
    public void TryRead_NoJsonObject_IsAFaultOfTheBody(string body)
    {
        foreach (var segments in new int[][] { [], [1], [3] })
        {
            Assert.False(RequestReader.TryRead(Bodies.Of(body, segments), EndpointTable.ChatCompletions, out var facts, out var fault));
            Assert.Null(facts);
            Assert.Null(fault.Param);
            Assert.Contains("body of this request", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(511, true)]
    [InlineData(512, false)]
    [InlineData(5000, false)]
    public void TryRead_DeepNesting_IsTakenUpToABound(int arrays, bool expected)
    {
        var body = $$"""{"model":"m","deep":{{new string('[', arrays)}}{{new string(']', arrays)}}}""";
        Assert.Equal(expected, RequestReader.TryRead(Bodies.Of(body), EndpointTable.ChatCompletions, out _, out var fault));
        Assert.Equal(!expected, fault?.Message.Contains("512 levels", StringComparison.Ordinal) ?? false);
    }

    [Theory]
    [InlineData("{}", "model")]
    [InlineData("""{"messages":[{"model":"m"}]}""", "model")]
    [InlineData("""{"model":""}""", "model")]
    [InlineData("""{"model":null}""", "model")]
    [InlineData("""{"model":7}""", "model")]
    [InlineData("""{"model":["m"]}""", "model")]
    [InlineData("""{"model":"\ud800"}""", "model")]
    [InlineData("""{"model":"m","stream":"true"}""", "stream")]
    [InlineData("""{"model":"m","stream":1}""", "stream")]
    [InlineData("""{"model":"m","stream":{}}""", "stream")]
    [InlineData("""{"model":"m","stream_options":true}""", "stream_options")]
    [InlineData("""{"model":"m","stream_options":[]}""", "stream_options")]
    [InlineData("""{"model":"m","max_tokens":-1}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":1.5}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":"10"}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":99999999999999999999}""", "max_tokens")]
    [InlineData("""{"model":"m","max_completion_tokens":[1]}""", "max_completion_tokens")]
    [InlineData("""{"model":"m","max_output_tokens":true}""", "max_output_tokens")]
    [InlineData("""{"model":"m","n":0}""", "n")]
    [InlineData("""{"model":"m","n":1025}""", "n")]
    [InlineData("""{"model":"m","best_of":1.0}""", "best_of")]
    [InlineData("""{"model":"m","prompt":7}""", "prompt")]
    [InlineData("""{"model":"m","prompt":{}}""", "prompt")]
    [InlineData("""{"model":"m","prompt":["a",null]}""", "prompt")]
    [InlineData("""{"model":"m","model":"other"}""", "model")]
    [InlineData("""{"model":"m","mod\u0065l":"other"}""", "model")]
    [InlineData("""{"model":"m","stream":true,"stream":false}""", "stream")]
    [InlineData("""{"model":"m","stream":false,"stream":null}""", "stream")]
    [InlineData("""{"model":"m","n":1,"n":2}""", "n")]
    [InlineData("""{"model":"m","n":2,"n":null}""", "n")]
    [InlineData("""{"model":"m","best_of":1,"best_of":2}""", "best_of")]
    [InlineData("""{"model":"m","max_tokens":null,"max_tokens":2}""", "max_tokens")]
    public void TryRead_AWrongOrContradictoryMember_IsAFaultThatNamesIt(string body, string param)
    {
        Assert.False(RequestReader.TryRead(Bodies.Of(body), EndpointTable.Completions, out _, out var fault));
        Assert.Equal(param, fault.Param);
        Assert.Contains($"'{param}'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_AModelTooLongToBeAName_IsAFault()
    {
        Assert.Equal(512, Read($$"""{"model":"{{new string('m', 512)}}"}""").Model.Length);
        Assert.False(RequestReader.TryRead(Bodies.Of($$"""{"model":"{{new string('m', 513)}}"}"""), EndpointTable.ChatCompletions, out _, out var fault));
        Assert.Equal("model", fault.Param);
    }

    [Fact]
    public void TryRead_RepetitionsThatAgree_AreTaken()
    {
        var facts = Read("""{"model":"m","n":2,"stream":true,"mod\u0065l":"\u006d","n":2,"stream":true,"max_tokens":5,"max_tokens":5}""");
        Assert.Equal("m", facts.Model);
        Assert.Equal(2, facts.Choices);
        Assert.True(facts.Stream);
        Assert.Equal(5, facts.OutputTokensMax);
    }

    [Fact]
    public void TryRead_NullsInPlaceOfValues_AreAbsent()
    {
        var facts = Read("""{"model":"m","stream":null,"stream_options":null,"n":null,"best_of":null,"max_tokens":null,"prompt":null}""");
        Assert.False(facts.Stream);
        Assert.Null(facts.OutputTokensMax);
        Assert.Equal(1, facts.Choices);
    }

    [Fact]
    public void TryRead_MembersInsideOthers_MeanNothing()
    {
        var facts = Read("""{"model":"m","messages":[{"role":"user","content":"\"stream\":true","stream":1,"n":9}],"metadata":{"stream":true,"model":"x","max_tokens":-5,"stream_options":7}}""");
        Assert.Equal("m", facts.Model);
        Assert.False(facts.Stream);
        Assert.Equal(1, facts.Choices);
        Assert.Null(facts.OutputTokensMax);
    }

    [Theory]
    [InlineData("""{"model":"m","max_tokens":5,"max_completion_tokens":9,"max_output_tokens":7}""", 9)]
    [InlineData("""{"model":"m","max_tokens":0}""", 0)]
    [InlineData("""{"model":"m","max_tokens":9000000000000000000}""", 1_000_000_000_000)]
    public void TryRead_OutputCaps_TheLargestCounts(string body, long expected) => Assert.Equal(expected, Read(body).OutputTokensMax);

    [Theory]
    [InlineData("""{"model":"m","prompt":"a"}""", 1)]
    [InlineData("""{"model":"m","prompt":["a","b","c"]}""", 3)]
    [InlineData("""{"model":"m","prompt":[1,2,3]}""", 1)]
    [InlineData("""{"model":"m","prompt":[[1,2],[3]]}""", 2)]
    [InlineData("""{"model":"m","prompt":[]}""", 1)]
    [InlineData("""{"model":"m","n":3}""", 3)]
    [InlineData("""{"model":"m","n":2,"best_of":5,"prompt":["a","b"]}""", 10)]
    [InlineData("""{"model":"m","prompt":["a","b"],"n":1024,"best_of":1}""", 2048)]
    public void TryRead_AnswersAndPrompts_Multiply(string body, int expected) =>
        Assert.Equal(expected, Read(body, EndpointTable.Completions).Choices);

    [Fact]
    public void TryRead_MorePromptsThanAnyoneTakes_AreCapped()
    {
        var prompts = string.Join(',', Enumerable.Repeat("\"\"", 2000));
        Assert.Equal(1_000_000, Read($$"""{"model":"m","n":1024,"prompt":[{{prompts}}]}""", EndpointTable.Completions).Choices);
    }

    [Fact]
    public void TryRead_AnEndpointWithoutOutput_ReservesNone()
    {
        var facts = Read("""{"model":"m","input":"ab","n":"x","max_tokens":50,"stream":true,"stream_options":7}""", EndpointTable.Embeddings);
        Assert.Equal(0, facts.OutputTokensMax);
        Assert.Equal(0, facts.Choices);
        Assert.Empty(facts.Edits);
        Assert.False(facts.UsageAsked);
        Assert.Equal(1, facts.InputTokensEstimated);
    }

    [Theory]
    [InlineData("""{"model":"m","background":true}""", true)]
    [InlineData("""{"model":"m","background":true,"backgroun\u0064":true}""", true)]
    [InlineData("""{"model":"m","background":false}""", false)]
    [InlineData("""{"model":"m","background":null,"metadata":{"background":true}}""", false)]
    public void TryRead_AResponse_TellsWhetherItIsMadeInTheBackground(string body, bool expected) =>
        Assert.Equal(expected, Read(body, EndpointTable.Responses).InBackground);

    [Theory]
    [InlineData("""{"model":"m","background":false,"backgroun\u0064":true}""")]
    [InlineData("""{"model":"m","background":"true"}""")]
    [InlineData("""{"model":"m","background":{}}""")]
    public void TryRead_ABackgroundThatIsNone_IsAFault(string body)
    {
        Assert.False(RequestReader.TryRead(Bodies.Of(body), EndpointTable.Responses, out _, out var fault));
        Assert.Equal("background", fault!.Param);
    }

    [Fact]
    public void TryRead_ABackgroundOfAnotherApi_IsNotLookedAt() =>
        Assert.False(Read("""{"model":"m","background":true}""", EndpointTable.ChatCompletions).InBackground);

    [Fact]
    public void TryRead_AResponse_HasItsCapAndKeepsItsPromptAndIsNotSpliced()
    {
        var facts = Read("""{"model":"m","input":"x","stream":true,"stream_options":{"include_obfuscation":false},"prompt":{"id":"p"},"n":"x","max_output_tokens":7}""", EndpointTable.Responses);
        Assert.Equal((true, 7L, 1, AnswerShape.Response), (facts.Stream, facts.OutputTokensMax, facts.Choices, facts.Shape));
        Assert.Empty(facts.Edits);
    }

    [Fact]
    public void TryRead_AModeration_NeedsNoModelAndCostsNothing()
    {
        var facts = Read("""{"input":"some text"}""", EndpointTable.Moderations);
        Assert.Equal(("omni-moderation-latest", 0L, 0, true), (facts.Model, facts.InputTokensEstimated, facts.Choices, facts.IsFree));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"one two three four"}]}""", 3 + 1 + 4)]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"one two"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}""", 3 + 1 + 2 + 1600)]
    [InlineData("""{"model":"m","user":"not read","metadata":{"x":"not read"},"input":["one two","three"]}""", 3)]
    [InlineData("""{"model":"m","prompt":[1,2,3]}""", 3)]
    [InlineData("""{"model":"m","instructions":"one two","input":[{"type":"message","role":"user","content":"three"}]}""", 2 + 3 + 1 + 1)]
    [InlineData("""{"model":"m","x":"\u00e5","input":"bl\u00e5"}""", 2)]
    public void CountInput_CountsWhatTheModelReads(string body, long tokens)
    {
        Assert.Equal(tokens, RequestReader.CountInput(Bodies.Of(body), Vocabulary.O200k));
        Assert.Equal(tokens, RequestReader.CountInput(Bodies.Of("\uFEFF" + body, 1), Vocabulary.O200k));
    }

    [Theory]
    [InlineData("""{"model":"a model's name is no text"}""", 0)]
    [InlineData("""{"model":"m","user":"abcdef"}""", 2)]
    [InlineData("""{"model":"m","user":"\u0061\u0062\u0063\u00e9x"}""", 2)]
    [InlineData("""{"model":"m","input":["abc","def","g"]}""", 3)]
    [InlineData("""{"model":"m","input":[1,2,3,4]}""", 4)]
    [InlineData("""{"model":"m","prompt":[[1,2],[3]]}""", 3)]
    [InlineData("""{"model":"m","temperature":1,"seed":[1,2]}""", 0)]
    [InlineData("""{"model":"m","messages":[{},{"content":[{},{}]}]}""", 16)]
    [InlineData("""{"model":"m","x":{"model":"abc"}}""", 1)]
    [InlineData("""{"model":"m","url":"data:image/png;base64,iVBORw0KGgo="}""", 1600)]
    [InlineData("""{"model":"m","url":"data:image\/png;base64,iVBORw0KGgo="}""", 1600)]
    [InlineData("""{"model":"m","content":"data: {\"pasted\":1}"}""", 6)]
    [InlineData("""{"model":"m","content":"data:text/plain;base64,all of this is a text"}""", 15)]
    [InlineData("""{"model":"m","file":{"file_data":"abc"}}""", 1600)]
    [InlineData("""{"model":"m","tools":[{"abcdef":{"ghi":1}}],"functions":[{"abc":2}],"response_format":{"defghi":3}}""", 6)]
    [InlineData("""{"model":"m","x":{"input_audio":{"data":"AAAA","format":"wav"}}}""", 2)]
    [InlineData("""{"model":"m","x":{"input_audio":{"format":"wav","data":"AAAA"},"data":"abc"}}""", 3)]
    [InlineData("""{"model":"m","x":{"data":"abcdef"}}""", 2)]
    [InlineData("""{"model":"m","input_audio":{"data":"AAAAAA"},"x":{"data":"abcdef"}}""", 3)]
    [InlineData("""{"model":"m","x":{"input_audio":{"data":"AAAAAA"}},"y":[{"data":"abcdef"}]}""", 3)]
    public void TryRead_TheInput_IsGuessedByWhatItIsMadeOf(string body, long tokens)
    {
        foreach (var segments in new int[][] { [], [1], [7] })
        {
            Assert.True(RequestReader.TryRead(Bodies.Of(body, segments), EndpointTable.ChatCompletions, out var facts, out _));
            Assert.Equal(tokens, facts.InputTokensEstimated);
        }
    }

    [Fact]
    public void TryRead_InlineAudio_CountsByItsLength()
    {
        var body = $$$"""{"model":"m","input_audio":{"data":"{{{new string('A', 257)}}}"}}""";
        Assert.Equal(2, Read(body).InputTokensEstimated);
    }

    [Fact]
    public void TryRead_ALargeBody_AllocatesNothingInProportion()
    {
        var one = Bodies.Of(Large(1));
        var many = Bodies.Of(Large(1000), 4096);
        Allocated(one);
        Allocated(many);
        Assert.Equal(Allocated(one), Allocated(many));

        static string Large(int messages) =>
            $$"""{"messages":[{{string.Join(',', Enumerable.Repeat("{\"content\":\"Text with \\u00e9scapes \\n and so on\"}", messages))}}],"model":"m"}""";

        static long Allocated(in System.Buffers.ReadOnlySequence<byte> body)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            RequestReader.TryRead(body, EndpointTable.ChatCompletions, out _, out _);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static RequestFacts Read(string body, EndpointSpec? endpoint = null)
    {
        Assert.True(RequestReader.TryRead(Bodies.Of(body), endpoint ?? EndpointTable.ChatCompletions, out var facts, out var fault), fault?.Message);
        return facts;
    }
}
