namespace Relay.Testing;

/// <summary>A key that Relay issued to a test.</summary>
/// <param name="Id">Its public id.</param>
/// <param name="User">Whose it is; nobody else's.</param>
/// <param name="Text">The whole key, as callers send it.</param>
public sealed record RelayKey(string Id, string User, string Text)
{
    /// <summary>The part that nobody but the caller may know.</summary>
    public string Secret => Text[^20..];
}
