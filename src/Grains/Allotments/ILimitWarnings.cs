namespace Relay.Grains.Allotments;

/// <summary>Tells people that a share of a limit is used up.</summary>
public interface ILimitWarnings
{
    /// <summary>The shares to tell of, in percent and ascending; each once in a window.</summary>
    IReadOnlyList<int> Shares { get; }

    /// <summary>Tells of one. It neither waits nor throws.</summary>
    void Tell(LimitWarning warning);
}
