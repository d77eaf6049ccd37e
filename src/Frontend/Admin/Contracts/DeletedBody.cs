namespace Relay.Frontend.Admin.Contracts;

/// <summary>Says that a key was revoked.</summary>
/// <param name="Id">The key's id.</param>
internal sealed record DeletedBody(string Id)
{
    /// <summary>What this is.</summary>
    public string Object { get; } = "api_key.deleted";

    /// <summary>Always true.</summary>
    public bool Deleted { get; } = true;
}
