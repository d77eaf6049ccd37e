using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>What is known of a call while it runs; at its end, the log line and the settlement are made from it.</summary>
internal sealed class RelayedCall(Guid requestId, string endpoint, DateTimeOffset startedAt)
{
    public Guid RequestId { get; } = requestId;

    public string Endpoint { get; } = endpoint;

    public DateTimeOffset StartedAt { get; } = startedAt;

    public string? KeyId { get; set; }

    public string? User { get; set; }

    /// <summary>Whether the call got a hold; else it was refused.</summary>
    public bool Admitted { get; set; }

    /// <summary>Whether its response goes on in the background; then the call is settled when that is over.</summary>
    public bool GoesOn { get; set; }

    /// <summary>The requested model, cleaned and capped.</summary>
    public string? Model { get; set; }

    /// <summary>The model that the upstream named, cleaned and capped.</summary>
    public string? ModelActual { get; set; }

    public string Upstream { get; set; } = "";

    /// <summary>How often the call was sent to the upstream.</summary>
    public int Attempts { get; set; } = 1;

    public int Status { get; set; }

    public Outcome Outcome { get; set; }

    public TokenUsage Usage { get; set; }

    public UsageSource Source { get; set; }

    public DateTimeOffset? FirstByteAt { get; set; }

    /// <summary>The settlement of the call at its end.</summary>
    public Settlement ToSettlement(CallFacts facts, DateTimeOffset endedAt) => new()
    {
        Call = facts,
        Usage = Usage,
        Source = Source,
        Outcome = Outcome,
        HttpStatus = Status,
        ModelActual = ModelActual,
        Upstream = Upstream,
        Attempts = Attempts,
        StartedAt = StartedAt,
        FirstByteAt = FirstByteAt,
        EndedAt = endedAt,
    };
}
