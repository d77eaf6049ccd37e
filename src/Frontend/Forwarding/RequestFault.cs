namespace Relay.Frontend.Forwarding;

/// <summary>Why a request cannot be relayed: a 400 that names the member at fault, if it is one. Never quotes the request.</summary>
internal sealed record RequestFault(string Message, string? Param);
