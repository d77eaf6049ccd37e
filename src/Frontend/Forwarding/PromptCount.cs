using System.Text.Json;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// Counts the prompts of a text completion: <c>prompt</c> is a string, an array of strings, an array of token numbers
/// (one prompt), or an array of such arrays.
/// </summary>
internal struct PromptCount
{
    private long _items;
    private bool _hasNumbers;

    /// <summary>How many, at least one; a repeated <c>prompt</c> counts together.</summary>
    public readonly long Count => Math.Max(1, _items + (_hasNumbers ? 1 : 0));

    /// <summary>Takes the next token of the value; false where no prompt can have it.</summary>
    public bool TryRead(ref Utf8JsonReader reader)
    {
        var isInArray = reader.CurrentDepth == 2;
        if (reader.CurrentDepth > 2)
        {
            return true;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                _items++;
                return true;
            case JsonTokenType.StartArray:
                _items += isInArray ? 1 : 0;
                return true;
            case JsonTokenType.EndArray:
                return true;
            case JsonTokenType.Number:
                _hasNumbers = true;
                return isInArray;
            case JsonTokenType.Null:
                return !isInArray;
            default:
                return false;
        }
    }
}
