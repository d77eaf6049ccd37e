namespace Relay.Frontend.Errors;

/// <summary>
/// Ends a started response so that it cannot look complete. Thrown out of a handler, it makes Kestrel send what was flushed and
/// close without the body's end (HTTP/2: reset the stream), whereas <see cref="HttpContext.Abort"/> would drop what is still on its way.
/// </summary>
internal sealed class CutConnectionException() : Exception("The response was cut on purpose.");
