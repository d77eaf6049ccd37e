using System.Globalization;
using System.Security.Cryptography;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.Benchmarks;

/// <summary>The keys of a benchmark and their calls, as a frontend makes them.</summary>
internal static class BenchmarkCalls
{
    private static readonly KeyHash Hash = new(SHA256.HashData("a key of the benchmark"u8));

    /// <summary>Makes a key, of a user of its own and without limits.</summary>
    public static async Task<IKeyGrain> CreateKeyAsync(IGrainFactory grains, int number)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{KeyId.Prefix}{number:D16}");
        var key = grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(id));
        await key.CreateAsync(new KeySettings
        {
            Id = id,
            Name = id,
            User = id,
            Hash = Hash,
            Hint = id,
            CreatedAt = TimeProvider.System.GetUtcNow(),
        });
        return key;
    }

    /// <summary>Reserves a call, which must be admitted.</summary>
    public static async Task<CallFacts> ReserveAsync(IKeyGrain key)
    {
        var request = NewRequest();
        return Admitted(request, await key.ReserveAsync(request));
    }

    /// <summary>Settles a call.</summary>
    public static Task SettleAsync(IKeyGrain key, CallFacts call) => key.SettleAsync(SettlementOf(call));

    /// <summary>Reserves and settles a call as a frontend does whose keys' grains may be in its own process.</summary>
    public static async Task CallAsync(ILocalKeys keys, string keyId, IKeyGrain key)
    {
        var request = NewRequest();
        var call = Admitted(request, keys.Find(keyId)?.TryReserve(request) ?? await key.ReserveAsync(request));
        var settlement = SettlementOf(call);
        await (keys.Find(keyId)?.TrySettle(settlement, out var settled) == true ? settled : key.SettleAsync(settlement));
    }

    private static ReserveRequest NewRequest() => new()
    {
        RequestId = Guid.CreateVersion7(),
        KeyHash = Hash,
        Endpoint = "/v1/chat/completions",
        Model = "gpt-4o",
        InputTokensEstimated = 100,
    };

    private static CallFacts Admitted(ReserveRequest request, AdmissionDecision decision) =>
        decision.Refusal is { } refusal
            ? throw new InvalidOperationException($"A call was refused: {refusal.Kind}.")
            : new CallFacts
            {
                RequestId = request.RequestId,
                ReservedAt = decision.ReservedAt,
                Endpoint = request.Endpoint,
                Model = request.Model,
                InputTokensHeld = request.InputTokensEstimated,
                OutputTokensHeld = decision.OutputTokensHeld,
                User = decision.User,
                Team = decision.Team,
            };

    private static Settlement SettlementOf(CallFacts call) => new()
    {
        Call = call,
        Usage = new TokenUsage { InputTokens = 90, OutputTokens = 50 },
        Source = UsageSource.Reported,
        Outcome = Outcome.Completed,
        HttpStatus = 200,
        Upstream = "default",
        StartedAt = call.ReservedAt,
        EndedAt = call.ReservedAt,
    };
}
