using Relay.Grains.Usage;

namespace Relay.Testing.Upstreams;

/// <summary>What the scripted upstream would charge: the truth that Relay's totals are compared with.</summary>
public sealed class UpstreamBill
{
    private readonly Lock _lock = new();
    private readonly List<UpstreamBillEntry> _entries = [];

    /// <summary>The entries in the order in which the calls were accepted; a copy.</summary>
    public IReadOnlyList<UpstreamBillEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>All tokens of all calls.</summary>
    public TokenUsage Total => Sum(Entries);

    /// <summary>All tokens of a model's calls.</summary>
    public TokenUsage TotalOf(string model) =>
        Sum(Entries.Where(entry => entry.Model.Equals(model, StringComparison.Ordinal)));

    internal void Add(UpstreamBillEntry entry)
    {
        lock (_lock)
        {
            _entries.Add(entry);
        }
    }

    private static TokenUsage Sum(IEnumerable<UpstreamBillEntry> entries) =>
        entries.Aggregate(default(TokenUsage), (sum, entry) => sum + entry.Usage);
}
