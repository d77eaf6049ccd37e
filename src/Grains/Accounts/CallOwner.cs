namespace Relay.Grains.Accounts;

/// <summary>Whose a call is: to whom its key belonged when it was reserved.</summary>
/// <param name="User">The user; null when nobody knows any more, so that the call counts for everyone.</param>
/// <param name="Team">The user's team, or null.</param>
internal readonly record struct CallOwner(string? User, string? Team);
