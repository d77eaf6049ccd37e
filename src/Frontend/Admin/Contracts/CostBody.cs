using System.Text.Json.Serialization;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>What calls cost.</summary>
internal sealed record CostBody
{
    /// <summary>The amount.</summary>
    public required decimal Value { get; init; }

    /// <summary>Always <c>usd</c>.</summary>
    public string Currency { get; } = "usd";

    /// <summary>How many calls are not in it, since their model had no price; left out when all are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long UnpricedRequests { get; init; }

    /// <summary>A sum's cost; null while nothing of it is priced.</summary>
    public static CostBody? From(UsageTotals totals) => totals.Cost is { } cost
        ? new CostBody { Value = cost.ToUsd(), UnpricedRequests = totals.Requests - totals.PricedRequests }
        : null;
}
