namespace Relay.Silo.Ledger;

/// <summary>What the entries of a key have in common that an hourly sum adds up.</summary>
/// <param name="StartMs">When the hour begins, in unix milliseconds.</param>
/// <param name="User">The user.</param>
/// <param name="Team">The team; null for none.</param>
/// <param name="Model">The model.</param>
/// <param name="Endpoint">The endpoint.</param>
internal readonly record struct UsageHour(long StartMs, string User, string? Team, string Model, string Endpoint);
