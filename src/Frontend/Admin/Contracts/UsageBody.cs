namespace Relay.Frontend.Admin.Contracts;

/// <summary>What a key or a user has used.</summary>
/// <param name="Id">Whose usage it is.</param>
/// <param name="Totals">All calls ever.</param>
/// <param name="ByModel">The same by requested model.</param>
/// <param name="Limits">The limits and their state.</param>
internal sealed record UsageBody(
    string Id,
    TotalsBody Totals,
    IReadOnlyList<ModelTotalsBody> ByModel,
    IReadOnlyList<LimitUsageBody> Limits);
