using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LinqToDB.Async;
using LinqToDB.Mapping;
using Relay.Grains.Usage;

namespace Relay.Silo.Ledger;

/// <summary>A row of <c>usage_hourly</c>: the sum of a key's entries of one hour with the same dimensions.</summary>
[Table("usage_hourly")]
internal sealed class UsageHourRow
{
    /// <summary>An hour in milliseconds.</summary>
    public const long HourMs = 3_600_000;

    [Column("key_id"), PrimaryKey(1), NotNull] public required string KeyId { get; init; }

    /// <summary>When the hour begins, in unix milliseconds.</summary>
    [Column("hour_start"), PrimaryKey(2)] public required long HourStart { get; init; }

    /// <summary>See <see cref="DimensionsOf"/>.</summary>
    [Column("dimensions"), PrimaryKey(3), NotNull] public required string Dimensions { get; init; }

    [Column("user_id"), NotNull] public required string User { get; init; }

    [Column("team_id"), Nullable] public string? Team { get; init; }

    [Column("model"), NotNull] public required string Model { get; init; }

    [Column("endpoint"), NotNull] public required string Endpoint { get; init; }

    [Column("requests")] public required long Requests { get; init; }

    [Column("input_tokens")] public required long InputTokens { get; init; }

    [Column("cached_input_tokens")] public required long CachedInputTokens { get; init; }

    [Column("audio_input_tokens")] public required long AudioInputTokens { get; init; }

    [Column("output_tokens")] public required long OutputTokens { get; init; }

    [Column("reasoning_tokens")] public required long ReasoningTokens { get; init; }

    [Column("audio_output_tokens")] public required long AudioOutputTokens { get; init; }

    [Column("cache_write_input_tokens")] public required long CacheWriteInputTokens { get; init; }

    [Column("cost_nano_usd")] public required long CostNanoUsd { get; init; }

    [Column("priced_requests")] public required long PricedRequests { get; init; }

    /// <summary>Has the database sum entries of one key. A correction counts in the hour of its call's reserve, as the call does.</summary>
    public static async Task<List<UsageHourRow>> SumAsync(IQueryable<UsageEntryRow> entries, CancellationToken token)
    {
        var sums = await entries
            .GroupBy(static entry => new
            {
                entry.KeyId,
                HourStart = entry.ReservedAt - (entry.ReservedAt % HourMs),
                entry.User,
                entry.Team,
                entry.Model,
                entry.Endpoint,
            })
            .Select(static hour => new
            {
                Of = hour.Key,
                Sum = new UsageSum
                {
                    Requests = hour.Sum(static entry => (long)entry.Requests),
                    InputTokens = hour.Sum(static entry => entry.InputTokens),
                    CachedInputTokens = hour.Sum(static entry => entry.CachedInputTokens),
                    AudioInputTokens = hour.Sum(static entry => entry.AudioInputTokens),
                    OutputTokens = hour.Sum(static entry => entry.OutputTokens),
                    ReasoningTokens = hour.Sum(static entry => entry.ReasoningTokens),
                    AudioOutputTokens = hour.Sum(static entry => entry.AudioOutputTokens),
                    CacheWriteInputTokens = hour.Sum(static entry => entry.CacheWriteInputTokens),
                    CostNanoUsd = hour.Sum(static entry => entry.CostNanoUsd ?? 0),
                    PricedRequests = hour.Sum(static entry => (long)entry.PricedRequests),
                },
            })
            .ToListAsync(token);
        return sums.ConvertAll(static sum => Of(
            sum.Of.KeyId, new UsageHour(sum.Of.HourStart, sum.Of.User, sum.Of.Team, sum.Of.Model, sum.Of.Endpoint), sum.Sum.ToTotals()));
    }

    /// <summary>The row of a key's sum.</summary>
    public static UsageHourRow Of(string keyId, UsageHour hour, UsageTotals totals) => new()
    {
        KeyId = keyId,
        HourStart = hour.StartMs,
        Dimensions = DimensionsOf(hour.User, hour.Team, hour.Model, hour.Endpoint),
        User = hour.User,
        Team = hour.Team,
        Model = hour.Model,
        Endpoint = hour.Endpoint,
        Requests = totals.Requests,
        InputTokens = totals.Tokens.InputTokens,
        CachedInputTokens = totals.Tokens.CachedInputTokens,
        AudioInputTokens = totals.Tokens.AudioInputTokens,
        OutputTokens = totals.Tokens.OutputTokens,
        ReasoningTokens = totals.Tokens.ReasoningTokens,
        AudioOutputTokens = totals.Tokens.AudioOutputTokens,
        CacheWriteInputTokens = totals.Tokens.CacheWriteInputTokens,
        CostNanoUsd = totals.PricedCost.Value,
        PricedRequests = totals.PricedRequests,
    };

    /// <summary>The sum without its dimensions.</summary>
    public UsageTotals ToTotals() => new(
        Requests,
        new TokenUsage
        {
            InputTokens = InputTokens,
            CachedInputTokens = CachedInputTokens,
            AudioInputTokens = AudioInputTokens,
            OutputTokens = OutputTokens,
            ReasoningTokens = ReasoningTokens,
            AudioOutputTokens = AudioOutputTokens,
            CacheWriteInputTokens = CacheWriteInputTokens,
        })
    {
        PricedCost = new NanoUsd(CostNanoUsd),
        PricedRequests = PricedRequests,
    };

    /// <summary>What takes this sum out again when it is added.</summary>
    public UsageHourRow Negated() => Of(KeyId, new UsageHour(HourStart, User, Team, Model, Endpoint), default(UsageTotals) - ToTotals());

    /// <summary>The start of the hour, in UTC, in which an instant lies; both in unix milliseconds.</summary>
    public static long HourStartOf(long unixMs) => unixMs - (((unixMs % HourMs) + HourMs) % HourMs);

    /// <summary>The hash that tells the rows of an hour apart. Each text stands behind its length, so that no two lists are alike.</summary>
    private static string DimensionsOf(params ReadOnlySpan<string?> texts)
    {
        var all = new StringBuilder();
        foreach (var text in texts)
        {
            all.Append(CultureInfo.InvariantCulture, $"{text?.Length ?? -1}:{text}");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())));
    }
}
