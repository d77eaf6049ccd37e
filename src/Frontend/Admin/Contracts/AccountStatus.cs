namespace Relay.Frontend.Admin.Contracts;

/// <summary>Whether calls of the keys below are admitted.</summary>
internal enum AccountStatus
{
    /// <summary>They are.</summary>
    Active,

    /// <summary>None is.</summary>
    Suspended,
}
