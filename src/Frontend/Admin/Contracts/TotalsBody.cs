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
        Cost = CostBody.From(totals);
    }

    /// <summary>Calls that were sent to the upstream.</summary>
    public long Requests { get; }

    /// <summary>Input tokens, cached ones included.</summary>
    public long InputTokens { get; }

    /// <summary>Those of the input tokens that came from the upstream's cache.</summary>
    public long CachedInputTokens { get; }

    /// <summary>Output tokens, reasoning ones included.</summary>
    public long OutputTokens { get; }

    /// <summary>Those of the output tokens that were reasoning.</summary>
    public long ReasoningTokens { get; }

    /// <summary>Input and output tokens together.</summary>
    public long TotalTokens { get; }

    /// <summary>What those of the calls cost that have a price; null while none has.</summary>
    public CostBody? Cost { get; }
}
