using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Forwarding;

/// <summary>Reads what Relay must know of a request, in one pass over its bytes.</summary>
internal static class RequestReader
{
    private const int DepthMax = 512;

    // One deeper than Relay takes, so that too deep a body is told from a broken one.
    private static readonly JsonReaderOptions JsonOptions = new() { MaxDepth = DepthMax + 1 };

    /// <summary>True with the facts, or false with the fault to answer the client with.</summary>
    public static bool TryRead(
        in ReadOnlySequence<byte> body,
        EndpointSpec endpoint,
        [NotNullWhen(true)] out RequestFacts? facts,
        [NotNullWhen(false)] out RequestFault? fault)
    {
        facts = null;
        try
        {
            fault = Read(body, endpoint, out facts);
        }
        catch (JsonException)
        {
            fault = new RequestFault(
                "Relay could not read the body of this request as JSON. Look for a missing quote or comma, or for a body cut short.",
                Param: null);
        }

        return fault is null;
    }

    /// <summary>Counts the input tokens of a body that was read before, by a model's vocabulary.</summary>
    public static long CountInput(in ReadOnlySequence<byte> body, Vocabulary vocabulary)
    {
        var reader = new Utf8JsonReader(
            body.Slice(StartsWithByteOrderMark(body) ? 3 : 0), isFinalBlock: true, new JsonReaderState(JsonOptions));
        var input = new InputEstimate(vocabulary);
        var member = RequestMember.Other;
        while (reader.Read())
        {
            input.Read(ref reader, member);
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
            {
                member = RequestScan.MemberOf(ref reader);
            }
        }

        return input.Tokens;
    }

    private static RequestFault? Read(in ReadOnlySequence<byte> body, EndpointSpec endpoint, out RequestFacts? facts)
    {
        facts = null;
        var origin = StartsWithByteOrderMark(body) ? 3 : 0;
        var reader = new Utf8JsonReader(body.Slice(origin), isFinalBlock: true, new JsonReaderState(JsonOptions));
        var scan = new RequestScan(endpoint, origin);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= DepthMax)
            {
                return new RequestFault($"The body of this request is nested more than {DepthMax} levels deep.", Param: null);
            }

            if (scan.Read(ref reader) is { } fault)
            {
                return fault;
            }
        }

        return scan.Complete(out facts);
    }

    private static bool StartsWithByteOrderMark(in ReadOnlySequence<byte> body)
    {
        var reader = new SequenceReader<byte>(body);
        return reader.IsNext("\uFEFF"u8);
    }
}
