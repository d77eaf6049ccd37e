using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Contracts;

/// <summary>A sum over calls.</summary>
internal record TotalsBody
{
    public TotalsBody(UsageTotals totals)
    {
        Requests = totals.Requests;
        InputTokens = totals.Tokens.InputTokens;
        CachedInputTokens = totals.Tokens.CachedInputTokens;
        OutputTokens = totals.Tokens.OutputTokens;
        ReasoningTokens = totals.Tokens.ReasoningTokens;
        TotalTokens = totals.Tokens.TotalTokens;
    }

    public long Requests { get; }

    public long InputTokens { get; }

    public long CachedInputTokens { get; }

    public long OutputTokens { get; }

    public long ReasoningTokens { get; }

    public long TotalTokens { get; }

    /// <summary>Null while nothing is priced.</summary>
    public object? Cost { get; }
}
