using System.Collections.Concurrent;
using Relay.Grains.Allotments;

namespace Relay.Grains.Tests.Allotments;

/// <summary>Keeps what was told.</summary>
public sealed class RecordedWarnings : ILimitWarnings
{
    private readonly ConcurrentQueue<LimitWarning> _told = [];

    public IReadOnlyList<int> Shares { get; } = [80, 100];

    public IReadOnlyCollection<LimitWarning> Told => _told;

    public void Tell(LimitWarning warning) => _told.Enqueue(warning);
}
