namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>POST /admin/api/keys/{id}/rotate</c>, which may be empty.</summary>
internal sealed record RotateKeyBody
{
    /// <summary>How long the key's text from before is still good, in whole seconds: 0, the default, to 604800, which is a week.</summary>
    public long OverlapSeconds { get; init; }
}
