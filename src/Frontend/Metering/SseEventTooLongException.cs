namespace Relay.Frontend.Metering;

/// <summary>An upstream's event stream had an event beyond the bound; the stream cannot be read further.</summary>
internal sealed class SseEventTooLongException(int eventBytesMax)
    : Exception($"The upstream sent an event of more than {eventBytesMax} bytes.");
