namespace Relay.Frontend.Shutdown;

/// <summary>Whether a call is let in.</summary>
internal enum Entrance
{
    /// <summary>It is.</summary>
    Open,

    /// <summary>Not yet: what a call needs has not all started.</summary>
    NotYet,

    /// <summary>No more: this process is stopping.</summary>
    Closed,

    /// <summary>Not now: as many calls run as may at once.</summary>
    Full,
}
