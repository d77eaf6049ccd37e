using System.Text.Json;
using Relay.Frontend.Admin;
using Relay.Frontend.Admin.Contracts;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Admin.Contracts;

public sealed class DifferenceBodyTests
{
    [Fact]
    public void Json_HourlySums_TellsEveryClassOfTokens()
    {
        var totals = new UsageTotals(1, new TokenUsage
        {
            InputTokens = 2,
            CachedInputTokens = 3,
            AudioInputTokens = 4,
            OutputTokens = 5,
            ReasoningTokens = 6,
            AudioOutputTokens = 7,
            CacheWriteInputTokens = 8,
        })
        {
            PricedCost = new NanoUsd(9),
            PricedRequests = 1,
        };
        var hour = new ComparedUsage { Hour = DateTimeOffset.FromUnixTimeSeconds(3600), Totals = totals };

        Assert.Equal(
            """{"key":"key_a","kind":"rollups","expected":{"hour":3600,"requests":1,"input_tokens":2,"cached_input_tokens":3,"audio_input_tokens":4,"output_tokens":5,"reasoning_tokens":6,"audio_output_tokens":7,"cache_write_input_tokens":8,"cost":0.000000009,"priced_requests":1},"actual":{"hour":3600,"requests":0,"input_tokens":0,"cached_input_tokens":0,"audio_input_tokens":0,"output_tokens":0,"reasoning_tokens":0,"audio_output_tokens":0,"cache_write_input_tokens":0,"cost":0,"priced_requests":0},"repaired":true}""",
            JsonOf(new UsageDifference("key_a", DifferenceKind.Rollups, hour, hour with { Totals = default(UsageTotals) }, Repaired: true)));
    }

    [Fact]
    public void Json_Sequence_LeavesOutWhatWasNotCompared()
    {
        Assert.Equal(
            """{"key":"key_a","kind":"sequence","expected":{"first_sequence":1,"last_sequence":3,"entries":3},"actual":{"first_sequence":1,"last_sequence":3,"entries":2}}""",
            JsonOf(new UsageDifference(
                "key_a",
                DifferenceKind.Sequence,
                new ComparedUsage { FirstSequence = 1, LastSequence = 3, Entries = 3 },
                new ComparedUsage { FirstSequence = 1, LastSequence = 3, Entries = 2 })));
    }

    private static string JsonOf(UsageDifference difference) => JsonSerializer.Serialize(new DifferenceBody(difference), AdminJson.Options);
}
