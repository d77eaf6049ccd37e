namespace Relay.Frontend.Standalone;

/// <summary>Where the admin key comes from.</summary>
/// <param name="Place">The variable or the file that holds it.</param>
/// <param name="Created">The key, when this start made it; else null.</param>
internal sealed record AdminKeyOrigin(string Place, string? Created);
