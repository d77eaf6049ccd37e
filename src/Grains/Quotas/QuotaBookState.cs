namespace Relay.Grains.Quotas;

/// <summary>The committed part of a <see cref="QuotaBook"/>: no holds, no settings. Plain data, so that any JSON serializer keeps it.</summary>
public sealed record QuotaBookState
{
    /// <summary>The newest ledger sequence that is counted in; 0 for none.</summary>
    public long Sequence { get; set; }

    /// <summary>When the newest counted call was reserved, or null.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public List<WindowState> Windows { get; set; } = [];

    /// <summary>The recent average of output tokens per choice over all models; null while there is none.</summary>
    public double? OutputAverage { get; set; }

    /// <summary>The same by requested model.</summary>
    public Dictionary<string, double> OutputAverageByModel { get; set; } = [];
}
