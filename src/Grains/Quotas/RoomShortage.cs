using Relay.Grains.Accounts;

namespace Relay.Grains.Quotas;

/// <summary>A limit above a key of which too little is allotted to the key.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Needed">What a call needs of it; 0 where it is only for the calls to come.</param>
internal readonly record struct RoomShortage(AccountLimit Limit, long Needed);
