namespace Relay.Frontend.Admin.Contracts;

/// <summary>What a re-pricing has done.</summary>
/// <param name="Keys">How many keys were looked at.</param>
/// <param name="Calls">How many of their calls were.</param>
/// <param name="Corrections">For how many calls a difference was booked.</param>
/// <param name="Cost">All the differences together.</param>
internal sealed record RepricingBody(long Keys, long Calls, long Corrections, CostBody Cost)
{
    /// <summary>What this is.</summary>
    public string Object { get; } = "repricing";
}
