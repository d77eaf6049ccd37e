namespace Relay.Grains.Quotas;

/// <summary>What the database has of one key and one limit after a <see cref="RoomAsk"/>.</summary>
/// <param name="Ceiling">Up to where the key may use and hold.</param>
/// <param name="Unallotted">What of the limit is allotted to nobody: never below 0.</param>
/// <param name="IsPassed">Whether more is allotted than the limit's amount.</param>
public readonly record struct RoomAnswer(long Ceiling, long Unallotted, bool IsPassed);
