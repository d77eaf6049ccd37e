using System.Buffers;
using System.Text;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class OutputCapsTests
{
    [Theory]
    [InlineData("""{"model":"gpt-4o"}""", """{"max_completion_tokens":9,"model":"gpt-4o"}""")]
    [InlineData("""{"model":"o3"}""", """{"max_completion_tokens":9,"model":"o3"}""")]
    [InlineData("""{"model":"ft:gpt-4o:x"}""", """{"max_completion_tokens":9,"model":"ft:gpt-4o:x"}""")]
    [InlineData("""{"model":"gpt-3.5-turbo"}""", """{"max_tokens":9,"model":"gpt-3.5-turbo"}""")]
    [InlineData("""{"model":"mistral-small"}""", """{"max_tokens":9,"model":"mistral-small"}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":10}""", """{"model":"gpt-4o","max_tokens":9}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens" : 100 }""", """{"model":"gpt-4o","max_tokens" : 9 }""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":10,"max_tokens":10}""", """{"model":"gpt-4o","max_tokens":9,"max_tokens":9}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":3,"max_completion_tokens":10}""", """{"model":"gpt-4o","max_tokens":3,"max_completion_tokens":9}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":9}""", """{"model":"gpt-4o","max_tokens":9}""")]
    [InlineData("""{"model":"gpt-4o","max_completion_tokens":null}""", """{"model":"gpt-4o","max_completion_tokens":9}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":null}""", """{"max_completion_tokens":9,"model":"gpt-4o","max_tokens":null}""")]
    [InlineData("""{"model":"gpt-4o","max_output_tokens":5}""", """{"max_completion_tokens":9,"model":"gpt-4o","max_output_tokens":5}""")]
    [InlineData("""{"model":"gpt-4o","stream":true}""", """{"stream_options":{"include_usage":true},"max_completion_tokens":9,"model":"gpt-4o","stream":true}""")]
    [InlineData("""{"model":"gpt-4o","max_tokens":90,"stream_options":null,"stream":true,"n":1}""", """{"model":"gpt-4o","max_tokens":9,"stream_options":{"include_usage":true},"stream":true,"n":1}""")]
    [InlineData("\uFEFF {\"model\":\"gpt-4o\"}", "\uFEFF {\"max_completion_tokens\":9,\"model\":\"gpt-4o\"}")]
    public void EditsFor_ACapOfChat_LetsNoChoicePutOutMore(string body, string expected) =>
        Assert.Equal(expected, Edit(body, EndpointTable.ChatCompletions, 9));

    [Fact]
    public void EditsFor_OtherEndpoints_HaveTheirOwnMember()
    {
        Assert.Equal("""{"max_tokens":9,"model":"m"}""", Edit("""{"model":"m"}""", EndpointTable.Completions, 9));
        Assert.Equal("""{"max_output_tokens":9,"model":"m"}""", Edit("""{"model":"m"}""", EndpointTable.Responses, 9));
        Assert.Equal("""{"model":"m","max_tokens":20}""", Edit("""{"model":"m","max_tokens":20}""", EndpointTable.Embeddings, 9));
    }

    [Fact]
    public void EditsFor_NoCap_AreTheOthers() =>
        Assert.Equal("""{"model":"m","max_tokens":20}""", Edit("""{"model":"m","max_tokens":20}""", EndpointTable.ChatCompletions, null));

    [Fact]
    public void TryRead_CapsRepeatedBeyondReason_AreAFault()
    {
        Assert.True(RequestReader.TryRead(Repeated(16), EndpointTable.ChatCompletions, out _, out _));
        Assert.False(RequestReader.TryRead(Repeated(17), EndpointTable.ChatCompletions, out _, out var fault));
        Assert.Equal("max_tokens", fault.Param);

        static ReadOnlySequence<byte> Repeated(int times) =>
            Bodies.Of($$"""{{{string.Concat(Enumerable.Repeat("\"max_tokens\":5,", times))}}"model":"m"}""");
    }

    private static string Edit(string body, EndpointSpec endpoint, long? cap)
    {
        var sequence = Bodies.Of(body, 1, 5);
        Assert.True(RequestReader.TryRead(sequence, endpoint, out var facts, out _));
        return Encoding.UTF8.GetString(RequestRewriter.Apply(sequence, facts.EditsFor(cap)));
    }
}
