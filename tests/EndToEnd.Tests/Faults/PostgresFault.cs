namespace Relay.EndToEnd.Tests.Faults;

/// <summary>What happens to the database server.</summary>
public enum PostgresFault
{
    /// <summary>All its processes are killed, and it is started again.</summary>
    Kill,

    /// <summary>All its processes are frozen, and go on.</summary>
    Freeze,

    /// <summary>It is stopped in order, and started again.</summary>
    Stop,
}
