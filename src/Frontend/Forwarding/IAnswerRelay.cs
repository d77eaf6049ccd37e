using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>Relays one answer's body and meters it in passing. Its end is withheld until the count is durable.</summary>
internal interface IAnswerRelay : IDisposable
{
    /// <summary>What the upstream reported, or null.</summary>
    TokenUsage? Usage { get; }

    /// <summary>The model that the upstream named, or null.</summary>
    string? Model { get; }

    /// <summary>The id of a response that had not come to its end when the answer did, or null.</summary>
    string? RunningResponse { get; }

    /// <summary>The generated text that passed.</summary>
    OutputText Text { get; }

    /// <summary>When the body's first byte came, or null.</summary>
    DateTimeOffset? FirstByteAt { get; }

    /// <summary>Whether the client has, or will get, anything of the answer; if not, it can be told an error instead.</summary>
    bool HasSent { get; }

    /// <summary>Relays all but the end. Never throws for what the client or the upstream does.</summary>
    ValueTask<RelayEnd> RunAsync();

    /// <summary>Sends the withheld end of a complete answer.</summary>
    Task FinishAsync();

    /// <summary>Sends what is withheld of an answer that broke, and says in its own form that it did. The caller then cuts the connection.</summary>
    Task FinishBrokenAsync(Errors.RelayError error);
}
