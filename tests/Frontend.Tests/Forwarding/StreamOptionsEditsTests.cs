using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class StreamOptionsEditsTests
{
    private static readonly Gen<string> Space = Gen.OneOf("", "", " ", "\n", "\t\r\n ");

    private static readonly Gen<string> Scalar = Gen.OneOf(
        "true", "false", "null", "0", "-1.5e3", "\"\"", "\"include_usage\"", "\"\\u00e9 \\\" } { é\"", "\"\\\"stream_options\\\":null\"");

    private static readonly Gen<string> Value = Gen.OneOf(
        Scalar,
        Scalar.Array[0, 3].Select(items => $"[{string.Join(" , ", items)}]"),
        Gen.Select(Scalar, Scalar, (a, b) => $$"""{ "include_usage":{{a}}, "stream_options" : {"include_usage":{{b}}} }"""));

    private static readonly Gen<string> UsageName = Gen.OneOf("\"include_usage\"", "\"include\\u005fusage\"");

    private static readonly Gen<string> OptionsObject = Gen.Select(
        Gen.Select(UsageName, Value, (name, value) => $"{name}:{value}").Array[0, 1],
        Gen.Select(Gen.OneOf("a", "b", "include_obfuscation"), Value, (name, value) => $"\"{name}\":{value}").Array[0, 1],
        Gen.Bool,
        Space,
        (usage, others, isUsageFirst, space) => Object(isUsageFirst ? [.. usage, .. others] : [.. others, .. usage], space));

    private static readonly Gen<string> Options = Gen.Select(
        Gen.OneOf("\"stream_options\"", "\"stream\\u005Foptions\""),
        Space,
        Gen.OneOf(Gen.Const("null"), OptionsObject),
        (name, space, value) => $"{name}{space}:{space}{value}");

    private static readonly Gen<string> Body = Gen.Select(
        Options.Array[0, 1],
        Value.Array[0, 4],
        Gen.Int[0, 100],
        Space,
        (options, values, seed, space) =>
        {
            string[] members = ["\"model\" : \"m\"", "\"stream\":true", .. values.Select((value, i) => $"\"x{i}\":{value}"), .. options];
            return space + Object([.. members.OrderBy(m => (m.Length * 31 + m[^1] + seed) % 17)], space) + space;
        });

    [Theory]
    [InlineData("""{ "model":"m","stream":true}""", """{"stream_options":{"include_usage":true}, "model":"m","stream":true}""", false)]
    [InlineData("""{"model":"m","stream_options" : null ,"stream":true}""", """{"model":"m","stream_options" : {"include_usage":true} ,"stream":true}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{ "a":1}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true, "a":1}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"a":1,"include_usage":false}}""", """{"model":"m","stream":true,"stream_options":{"a":1,"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":null}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":"yes" }}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true }}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":12}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":{"a":[true]},"b":2}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true,"b":2}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include\u005fusage":[[1],2]}}""", """{"model":"m","stream":true,"stream_options":{"include\u005fusage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"b":{"include_usage":false}}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true,"b":{"include_usage":false}}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":true}}""", null, true)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":false},"stream_options":{"include_usage":true}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}""", true)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":true},"stream_options":null}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_usage":false}}""", """{"model":"m","stream":true,"stream_options":{"include_usage":true,"include_usage":true}}""", false)]
    [InlineData("""{"model":"m","stream":false,"stream_options":{"include_usage":true}}""", null, false)]
    [InlineData("""{"model":"m"}""", null, false)]
    [InlineData("\uFEFF {\"model\":\"m\",\"stream\":true}", "\uFEFF {\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"stream\":true}", false)]
    [InlineData("\uFEFF{\"model\":\"m\",\"stream\":true,\"stream_options\":null}", "\uFEFF{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}", false)]
    public void Apply_StreamOptionsOfEachForm_AsksForUsage(string body, string? expected, bool usageAsked)
    {
        foreach (var segments in new int[][] { [], [1], [5] })
        {
            var sequence = Bodies.Of(body, segments);
            Assert.True(RequestReader.TryRead(sequence, EndpointTable.ChatCompletions, out var facts, out _));
            Assert.Equal(expected ?? body, Encoding.UTF8.GetString(RequestRewriter.Apply(sequence, facts.Edits)));
            Assert.Equal(expected is null, facts.Edits.Count == 0);
            Assert.Equal(usageAsked, facts.UsageAsked);
        }
    }

    [Fact]
    public void TryRead_StreamOptionsRepeatedBeyondReason_IsAFault()
    {
        Assert.True(RequestReader.TryRead(Repeated(16), EndpointTable.ChatCompletions, out var facts, out _));
        Assert.Equal(16, facts.Edits.Count);
        Assert.False(RequestReader.TryRead(Repeated(17), EndpointTable.ChatCompletions, out _, out var fault));
        Assert.Equal("stream_options", fault.Param);

        static System.Buffers.ReadOnlySequence<byte> Repeated(int times) =>
            Bodies.Of($$"""{{{string.Concat(Enumerable.Repeat("\"stream_options\":null,", times))}}"model":"m","stream":true}""");
    }

    [Fact]
    public void Apply_AnyBodyInAnySegments_ChangesIncludeUsageAlone() =>
        Gen.Select(Body, Gen.Int[1, 9].Array[1, 5]).Sample((body, segments) =>
        {
            var sequence = Bodies.Of(body, segments);
            Assert.True(RequestReader.TryRead(sequence, EndpointTable.ChatCompletions, out var facts, out var fault), fault?.Message);
            var edited = JsonNode.Parse(Encoding.UTF8.GetString(RequestRewriter.Apply(sequence, facts.Edits)));

            var expected = JsonNode.Parse(body)!.AsObject();
            var options = expected["stream_options"]?.AsObject() ?? [];
            var wasAsked = options["include_usage"] is JsonValue value && value.TryGetValue<bool>(out var asked) && asked;
            options["include_usage"] = true;
            expected["stream_options"] = options.DeepClone();
            Assert.True(JsonNode.DeepEquals(expected, edited), body);
            Assert.Equal(wasAsked, facts.UsageAsked);
            Assert.Equal(wasAsked, facts.Edits.Count == 0);
        });

    private static string Object(IEnumerable<string> members, string space) =>
        $"{{{space}{string.Join($"{space},{space}", members)}{space}}}";
}
