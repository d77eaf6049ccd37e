using System.Text.Json.Serialization;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Warnings;

/// <summary>A warning as it is posted. Amounts are in the limit's unit, those of <c>cost</c> in US dollars; times are unix seconds.</summary>
internal sealed record WarningBody
{
    [JsonPropertyName("object")] public string Object { get; } = "limit.warning";

    public required string Level { get; init; }

    public required string Id { get; init; }

    public required string Metric { get; init; }

    public required string Window { get; init; }

    public required string? Model { get; init; }

    public required string Enforcement { get; init; }

    public required decimal Amount { get; init; }

    public required decimal Used { get; init; }

    public required int Percent { get; init; }

    public required long? ResetsAt { get; init; }

    public required long CreatedAt { get; init; }

    public static WarningBody Of(LimitWarning warning, DateTimeOffset now)
    {
        var limit = warning.Limit;
        decimal Amount(long amount) => limit.Metric == Grains.Quotas.Metric.Cost ? new NanoUsd(amount).ToUsd() : amount;
        return new WarningBody
        {
            Level = StoredName<Level>.Of(warning.Level),
            Id = warning.OwnerId,
            Metric = StoredName<Metric>.Of(limit.Metric),
            Window = StoredName<Window>.Of(limit.Window),
            Model = limit.Model,
            Enforcement = StoredName<Enforcement>.Of(limit.Enforcement),
            Amount = Amount(limit.Amount),
            Used = Amount(warning.Used),
            Percent = warning.Percent,
            ResetsAt = warning.ResetsAt?.ToUnixTimeSeconds(),
            CreatedAt = now.ToUnixTimeSeconds(),
        };
    }
}
