using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <summary>What a key's grain saves, so that an activation need not read the whole ledger. Never settings, never holds.</summary>
public sealed record KeyState
{
    /// <summary>The committed counts.</summary>
    public QuotaBookState Book { get; set; } = new();
}
