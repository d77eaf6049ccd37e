using LinqToDB.Mapping;
using Relay.Grains.Admission;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>A row of <c>usage_entries</c>. Times are unix milliseconds.</summary>
[Table("usage_entries")]
internal sealed class UsageEntryRow
{
    [Column("key_id"), PrimaryKey(1), NotNull] public required string KeyId { get; init; }

    [Column("sequence"), PrimaryKey(2)] public required long Sequence { get; init; }

    [Column("request_id"), NotNull] public required string RequestId { get; init; }

    [Column("part")] public required int Part { get; init; }

    [Column("requests")] public required int Requests { get; init; }

    [Column("user_id"), NotNull] public required string User { get; init; }

    [Column("team_id"), Nullable] public string? Team { get; init; }

    [Column("reserved_at")] public required long ReservedAt { get; init; }

    [Column("endpoint"), NotNull] public required string Endpoint { get; init; }

    [Column("model"), NotNull] public required string Model { get; init; }

    [Column("input_tokens_held")] public required long InputTokensHeld { get; init; }

    [Column("output_tokens_held")] public required long OutputTokensHeld { get; init; }

    [Column("choices")] public required int Choices { get; init; }

    [Column("input_tokens")] public required long InputTokens { get; init; }

    [Column("cached_input_tokens")] public required long CachedInputTokens { get; init; }

    [Column("audio_input_tokens")] public required long AudioInputTokens { get; init; }

    [Column("output_tokens")] public required long OutputTokens { get; init; }

    [Column("reasoning_tokens")] public required long ReasoningTokens { get; init; }

    [Column("audio_output_tokens")] public required long AudioOutputTokens { get; init; }

    [Column("cache_write_input_tokens")] public required long CacheWriteInputTokens { get; init; }

    /// <summary>Null where the entry changes no cost that is known.</summary>
    [Column("cost_nano_usd"), Nullable] public long? CostNanoUsd { get; init; }

    [Column("priced_requests")] public required int PricedRequests { get; init; }

    [Column("source"), NotNull] public required string Source { get; init; }

    [Column("outcome"), NotNull] public required string Outcome { get; init; }

    [Column("http_status")] public required int HttpStatus { get; init; }

    [Column("model_actual"), Nullable] public string? ModelActual { get; init; }

    [Column("upstream"), NotNull] public required string Upstream { get; init; }

    [Column("attempts")] public required int Attempts { get; init; }

    [Column("started_at")] public required long StartedAt { get; init; }

    [Column("first_byte_at"), Nullable] public long? FirstByteAt { get; init; }

    [Column("ended_at")] public required long EndedAt { get; init; }

    /// <summary>The hourly sum in which the entry is added up.</summary>
    public UsageHour Hour => new(UsageHourRow.HourStartOf(ReservedAt), User, Team, Model, Endpoint);

    private TokenUsage Tokens => new()
    {
        InputTokens = InputTokens,
        CachedInputTokens = CachedInputTokens,
        AudioInputTokens = AudioInputTokens,
        OutputTokens = OutputTokens,
        ReasoningTokens = ReasoningTokens,
        AudioOutputTokens = AudioOutputTokens,
        CacheWriteInputTokens = CacheWriteInputTokens,
    };

    public static UsageEntryRow From(UsageEntry entry)
    {
        var settlement = entry.Settlement;
        var call = settlement.Call;
        return new UsageEntryRow
        {
            KeyId = entry.KeyId,
            Sequence = entry.Sequence,
            RequestId = IdOf(call.RequestId),
            Part = entry.Part,
            Requests = entry.Requests,
            User = StoredText.Clean(entry.User),
            Team = StoredText.CleanOrNull(entry.Team),
            ReservedAt = call.ReservedAt.ToUnixTimeMilliseconds(),
            Endpoint = StoredText.Clean(call.Endpoint),
            Model = StoredText.Clean(call.Model),
            InputTokensHeld = call.InputTokensHeld,
            OutputTokensHeld = call.OutputTokensHeld,
            Choices = call.Choices,
            InputTokens = settlement.Usage.InputTokens,
            CachedInputTokens = settlement.Usage.CachedInputTokens,
            AudioInputTokens = settlement.Usage.AudioInputTokens,
            OutputTokens = settlement.Usage.OutputTokens,
            ReasoningTokens = settlement.Usage.ReasoningTokens,
            AudioOutputTokens = settlement.Usage.AudioOutputTokens,
            CacheWriteInputTokens = settlement.Usage.CacheWriteInputTokens,
            CostNanoUsd = entry.Cost?.Value,
            PricedRequests = entry.PricedRequests,
            Source = StoredName<UsageSource>.Of(settlement.Source),
            Outcome = StoredName<Outcome>.Of(settlement.Outcome),
            HttpStatus = settlement.HttpStatus,
            ModelActual = StoredText.CleanOrNull(settlement.ModelActual),
            Upstream = StoredText.Clean(settlement.Upstream),
            Attempts = settlement.Attempts,
            StartedAt = settlement.StartedAt.ToUnixTimeMilliseconds(),
            FirstByteAt = settlement.FirstByteAt?.ToUnixTimeMilliseconds(),
            EndedAt = settlement.EndedAt.ToUnixTimeMilliseconds(),
        };
    }

    /// <summary>A request id as the column has it.</summary>
    public static string IdOf(Guid requestId) => requestId.ToString("D");

    /// <summary>What the entry adds to a sum.</summary>
    public UsageTotals ToTotals() => new(Requests, Tokens)
    {
        PricedCost = new NanoUsd(CostNanoUsd ?? 0),
        PricedRequests = PricedRequests,
    };

    public UsageEntry ToEntry() => new()
    {
        KeyId = KeyId,
        Sequence = Sequence,
        Part = Part,
        Requests = Requests,
        User = User,
        Team = Team,
        Cost = CostNanoUsd is { } nanoUsd ? new NanoUsd(nanoUsd) : null,
        PricedRequests = PricedRequests,
        Settlement = new Settlement
        {
            Call = new CallFacts
            {
                RequestId = Guid.ParseExact(RequestId, "D"),
                ReservedAt = DateTimeOffset.FromUnixTimeMilliseconds(ReservedAt),
                Endpoint = Endpoint,
                Model = Model,
                InputTokensHeld = InputTokensHeld,
                OutputTokensHeld = OutputTokensHeld,
                Choices = Choices,
            },
            Usage = Tokens,
            Source = StoredName<UsageSource>.Parse(Source),
            Outcome = StoredName<Outcome>.Parse(Outcome),
            HttpStatus = HttpStatus,
            ModelActual = ModelActual,
            Upstream = Upstream,
            Attempts = Attempts,
            StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(StartedAt),
            FirstByteAt = FirstByteAt is { } firstByteAt ? DateTimeOffset.FromUnixTimeMilliseconds(firstByteAt) : null,
            EndedAt = DateTimeOffset.FromUnixTimeMilliseconds(EndedAt),
        },
    };
}
