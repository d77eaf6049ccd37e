using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

/// <summary>Whatever a request looks like, its spliced body differs from it in <c>stream_options.include_usage</c> alone.</summary>
public sealed class SpliceProperties
{
    private const string OptionsName = "stream_options";
    private const string UsageName = "include_usage";

    private static readonly Gen<string> Blank = Gen.OneOf("", "", " ", "\n", "\t", "\r\n  ");

    private static readonly Gen<string> Scalar = Gen.OneOf(
        "null", "true", "false", "0", "-1.5e3", "1e400", "\"\"", "\"a\"", "\"bl\\u00e5 强 🐢\"", "\"\\ud83d\\ude00\\\\\"",
        "\"{\\\"stream\\\":true}\"", "\"\\\"stream_options\\\":{\"", "\"}],\"");

    private static readonly Gen<string> Name = Gen.OneOf(
        "\"messages\"", "\"metadata\"", "\"x\"", "\"str\\u0065amed\"", "\"include_usage\"", "\"stream_option\"", "\"\"");

    private static readonly Gen<string> Value = ValueOf(3);

    private static readonly Gen<string> UsageMember = Member(
        Gen.OneOf("\"include_usage\"", "\"include\\u005fusage\""),
        Gen.OneOf(Gen.OneOf("true", "false", "null", "0", "\"yes\"", "{}", "[]"), Value));

    // Nested ones of the same names mean nothing.
    private static readonly Gen<string> OptionMember = Gen.OneOf(UsageMember, Member(Gen.OneOf("\"include_obfuscation\"", "\"x\""), Value));

    private static readonly Gen<string> Options = Member(
        Gen.OneOf("\"stream_options\"", "\"stream\\u005foptions\""),
        Gen.OneOf(Gen.Const("null"), Composite('{', OptionMember, '}', 3)));

    private static readonly Gen<string> Bodies = Gen.Select(Gen.OneOf("", "\uFEFF"), Blank, Members(), Blank, static (mark, before, members, after) => $"{mark}{before}{{{members}}}{after}");

    [Fact]
    public void Apply_AStreamedRequest_ChangesTheOneMemberOnly() =>
        Gen.Select(Bodies, Gen.Int[1, 9]).Sample((body, segment) =>
        {
            var bytes = Relay.Frontend.Tests.Forwarding.Bodies.Of(body, segment);
            Assert.True(RequestReader.TryRead(bytes, EndpointTable.ChatCompletions, out var facts, out _), body);

            var spliced = Encoding.UTF8.GetString(RequestRewriter.Apply(bytes, facts.Edits).ToArray());

            AssertOthersUntouched(body, spliced);
            AssertAsked(body, spliced);
        });

    private static void AssertOthersUntouched(string before, string after)
    {
        var (was, isNow) = (Parse(before), Parse(after));
        Assert.Equal(
            was.Where(member => member.Name is not OptionsName).Select(member => (member.Name, member.Value.GetRawText())),
            isNow.Where(member => member.Name is not OptionsName).Select(member => (member.Name, member.Value.GetRawText())));
        if (!was.Any(member => member.Name is OptionsName))
        {
            // Nothing but the member was put in: the rest is there to the byte.
            const string Spliced = "\"stream_options\":{\"include_usage\":true},";
            Assert.Equal(before, after.Remove(after.IndexOf(Spliced, StringComparison.Ordinal), Spliced.Length));
        }
    }

    private static void AssertAsked(string before, string after)
    {
        var was = Parse(before).Where(member => member.Name is OptionsName).Select(member => member.Value).ToList();
        var isNow = Parse(after).Where(member => member.Name is OptionsName).Select(member => member.Value).ToList();
        Assert.Equal(Math.Max(1, was.Count), isNow.Count);
        for (var i = 0; i < isNow.Count; i++)
        {
            var members = isNow[i].EnumerateObject().ToList();
            Assert.All(members.Where(member => member.Name is UsageName), member => Assert.Equal(JsonValueKind.True, member.Value.ValueKind));
            Assert.Contains(members, member => member.Name is UsageName);
            Assert.Equal(
                Others(i < was.Count ? was[i] : default),
                members.Where(member => member.Name is not UsageName).Select(member => (member.Name, member.Value.GetRawText())));
        }
    }

    private static IEnumerable<(string Name, string Value)> Others(JsonElement options) => options.ValueKind != JsonValueKind.Object
        ? []
        : options.EnumerateObject().Where(member => member.Name is not UsageName).Select(member => (member.Name, member.Value.GetRawText()));

    // JsonDocument keeps repeated members, and knows nothing of how Relay reads.
    private static List<JsonProperty> Parse(string body) => [.. JsonElement.Parse(body.TrimStart('\uFEFF')).EnumerateObject()];

    private static Gen<string> Members()
    {
        var others = Gen.OneOf(Member(Name, Value), Options).Array[0, 4];
        return Gen.Select(Member(Gen.Const("\"model\""), Gen.Const("\"m\"")), Member(Gen.OneOf("\"stream\"", "\"str\\u0065am\""), Gen.Const("true")), others, Gen.Bool)
            .Select((model, stream, rest, streamFirst) => string.Join(',', streamFirst ? [stream, .. rest, model] : [model, .. rest, stream]));
    }

    private static Gen<string> Member(Gen<string> name, Gen<string> value) =>
        Gen.Select(Blank, name, Blank, Blank, value, Blank, static (a, name, b, c, value, d) => $"{a}{name}{b}:{c}{value}{d}");

    private static Gen<string> ValueOf(int depth) => depth == 0
        ? Scalar
        : Gen.OneOf(Scalar, Composite('[', Gen.Select(Blank, ValueOf(depth - 1), static (blank, value) => blank + value), ']', 3), Composite('{', Member(Name, ValueOf(depth - 1)), '}', 3));

    private static Gen<string> Composite(char open, Gen<string> item, char close, int itemsMax) =>
        Gen.Select(Blank, item.Array[0, itemsMax], (blank, items) => $"{open}{blank}{string.Join(',', items)}{close}");
}
