using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Silo.Tests.Ledger;

/// <summary>Builds usage entries; a test names only what it is about.</summary>
internal static class UsageEntries
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static UsageEntry Entry(
        string keyId,
        long sequence,
        Guid? requestId = null,
        int part = 0,
        string user = "ann",
        string? team = null,
        string model = "gpt-4o",
        string endpoint = "/v1/chat/completions",
        DateTimeOffset? reservedAt = null,
        long inputTokens = 10,
        long outputTokens = 5,
        long? costNanoUsd = null) => new()
        {
            KeyId = keyId,
            Sequence = sequence,
            Part = part,
            Requests = part == 0 ? 1 : 0,
            User = user,
            Team = team,
            Cost = costNanoUsd is { } cost ? new NanoUsd(cost) : null,
            PricedRequests = costNanoUsd is not null && part == 0 ? 1 : 0,
            Settlement = new Settlement
            {
                Call = new CallFacts
                {
                    RequestId = requestId ?? Guid.NewGuid(),
                    ReservedAt = reservedAt ?? Noon,
                    Endpoint = endpoint,
                    Model = model,
                    InputTokensHeld = 100,
                    OutputTokensHeld = 50,
                },
                Usage = new TokenUsage { InputTokens = inputTokens, OutputTokens = outputTokens },
                Source = UsageSource.Reported,
                Outcome = Outcome.Completed,
                HttpStatus = 200,
                Upstream = "default",
                StartedAt = Noon,
                EndedAt = Noon.AddSeconds(2),
            },
        };
}
