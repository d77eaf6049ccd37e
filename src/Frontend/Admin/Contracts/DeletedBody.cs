namespace Relay.Frontend.Admin.Contracts;

/// <summary>Says that a key was revoked.</summary>
internal sealed record DeletedBody(string Id)
{
    /// <summary>What this is.</summary>
    public string Object { get; } = "api_key.deleted";

    public bool Deleted { get; } = true;
}
