namespace Relay.Frontend.Metering;

/// <summary>What an SSE event is to Relay.</summary>
internal enum SseEventKind
{
    /// <summary>Any event with data that is none of the others, readable or not.</summary>
    Data,

    /// <summary>The extra chunk that <c>include_usage</c> asks for: no choices, but usage.</summary>
    UsageOnly,

    /// <summary>The stream's last event: <c>[DONE]</c>, or a response that is whole, incomplete or failed.</summary>
    Done,

    /// <summary>An event without any data line.</summary>
    Comment,
}
