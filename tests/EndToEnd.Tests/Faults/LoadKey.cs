namespace Relay.EndToEnd.Tests.Faults;

/// <summary>One of the keys that a load calls with.</summary>
/// <param name="Id">Its public id.</param>
/// <param name="User">Whose it is; nobody else's.</param>
/// <param name="Text">The whole key.</param>
internal sealed record LoadKey(string Id, string User, string Text);
