namespace Relay.Silo.Models;

/// <summary>What a limit of cost does to a call whose model has no price.</summary>
public enum UnknownModel
{
    /// <summary>It is refused.</summary>
    Refuse,

    /// <summary>It is admitted, and counts nothing against the limit.</summary>
    Allow,
}
