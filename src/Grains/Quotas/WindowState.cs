namespace Relay.Grains.Quotas;

/// <summary>One window's bounds and committed counts in a snapshot.</summary>
public sealed record WindowState
{
    public Window Window { get; set; }

    public DateTimeOffset Start { get; set; }

    /// <summary>Null for <see cref="Window.Total"/>.</summary>
    public DateTimeOffset? End { get; set; }

    public List<ModelState> Models { get; set; } = [];
}
