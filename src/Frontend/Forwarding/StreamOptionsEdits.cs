using System.Text.Json;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Collects what must change in a request for its <c>stream_options.include_usage</c> to be true, whichever of its
/// occurrences the upstream takes.
/// </summary>
internal struct StreamOptionsEdits
{
    /// <summary>No client repeats itself so often; a body of nothing but repetitions would make as many edits.</summary>
    private const int EditsMax = 16;

    private static readonly byte[] Member = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly byte[] Value = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] OnlyMember = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] FirstMember = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] True = "true"u8.ToArray();

    private List<ByteEdit>? _edits;
    private bool _wasGiven;
    private bool _isUsage;
    private bool _hasUsage;
    private bool _hasMembers;
    private long _objectStart;
    private long _valueStart;

    /// <summary>Whether the client's last word is true already.</summary>
    public bool UsageAsked { get; private set; }

    /// <summary>Whether the member is repeated beyond reason.</summary>
    public readonly bool AreTooMany => _edits?.Count > EditsMax;

    /// <summary>Takes the next token of a <c>stream_options</c> that is an object or null.</summary>
    /// <param name="reader">Stands on the token.</param>
    /// <param name="origin">The offset in the body of the reader's first byte.</param>
    public void Read(ref Utf8JsonReader reader, long origin)
    {
        if (reader.CurrentDepth == 1)
        {
            ReadTop(ref reader, origin);
        }
        else if (reader.CurrentDepth == 2 && reader.TokenType == JsonTokenType.PropertyName)
        {
            _hasMembers = true;
            _isUsage = JsonText.Is(ref reader, "include_usage"u8);
            _hasUsage |= _isUsage;
        }
        else if (reader.CurrentDepth == 2 && _isUsage)
        {
            ReadUsage(ref reader, origin);
        }
    }

    /// <summary>The edits, in order. Without any occurrence the member is put right after the body's opening brace.</summary>
    public readonly IReadOnlyList<ByteEdit> ToList(long bodyStart) =>
        _wasGiven ? _edits ?? [] : [new ByteEdit(bodyStart + 1, 0, Member)];

    private void ReadTop(ref Utf8JsonReader reader, long origin)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                _wasGiven = true;
                UsageAsked = false;
                Replace(origin + reader.TokenStartIndex, origin + reader.BytesConsumed, Value);
                break;
            case JsonTokenType.StartObject:
                _wasGiven = true;
                UsageAsked = false;
                _hasUsage = _hasMembers = _isUsage = false;
                _objectStart = origin + reader.TokenStartIndex;
                break;
            case JsonTokenType.EndObject when !_hasUsage:
                Replace(_objectStart + 1, _objectStart + 1, _hasMembers ? FirstMember : OnlyMember);
                break;
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader, long origin)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.True:
                UsageAsked = true;
                break;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                _valueStart = origin + reader.TokenStartIndex;
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                UsageAsked = false;
                Replace(_valueStart, origin + reader.BytesConsumed, True);
                break;
            default:
                UsageAsked = false;
                Replace(origin + reader.TokenStartIndex, origin + reader.BytesConsumed, True);
                break;
        }
    }

    private void Replace(long start, long end, byte[] replacement)
    {
        if (!AreTooMany)
        {
            (_edits ??= []).Add(new ByteEdit(start, end - start, replacement));
        }
    }
}
