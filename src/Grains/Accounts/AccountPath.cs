namespace Relay.Grains.Accounts;

/// <summary>What is above a key.</summary>
/// <param name="Owner">To whom its calls belong.</param>
/// <param name="Limits">The limits that hold for it, the user's first and the organization's last.</param>
/// <param name="Suspended">The account above the key that is suspended, the lowest of them; or null.</param>
internal sealed record AccountPath(CallOwner Owner, ImmutableArray<AccountLimit> Limits, AccountId? Suspended);
