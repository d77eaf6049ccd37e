using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>The entries of a call, before the book gives them their sequence; in the form in which the ledger gives them back.</summary>
internal static class UsageEntryDraft
{
    // An upstream may report anything. No call comes near this, and sums of it stay far below a long's range.
    private const long TokensMax = 1_000_000_000_000;

    /// <summary>A call's first entry.</summary>
    public static UsageEntry First(KeySettings settings, Settlement settlement, PriceBook prices)
    {
        var call = settlement.Call;
        var usage = Bound(settlement.Usage);
        var bounded = usage == settlement.Usage ? settlement : settlement with { Usage = usage };
        var cost = prices.CostOf(bounded);
        return new UsageEntry
        {
            KeyId = settings.Id,
            Sequence = 0,
            Part = 0,
            Requests = 1,

            // Whose the call is was decided by its reserve: the key may have moved since.
            User = LedgerForm.Of(call.User ?? settings.User),
            Team = call.User is null ? null : LedgerForm.OfOrNull(call.Team),
            Settlement = LedgerForm.Of(bounded),
            Cost = cost,
            PricedRequests = cost is null ? 0 : 1,
        };
    }

    /// <summary>What a settle after an expiry adds: the same call, already counted, and still its owner's of then.</summary>
    public static UsageEntry Difference(BookedCall booked, Settlement settlement, PriceBook prices)
    {
        var usage = Bound(settlement.Usage);
        return Correct(booked, 1, settlement with { Usage = usage - booked.Totals.Tokens }, prices.CostOf(settlement, usage));
    }

    /// <summary>What a release after an expiry takes back: all of it, the call too, for it was never sent.</summary>
    public static UsageEntry Reversal(BookedCall booked, DateTimeOffset now)
    {
        var first = booked.Entries[0];
        var settlement = first.Settlement with { Usage = default(TokenUsage) - booked.Totals.Tokens, EndedAt = now };
        return Correct(booked, 1, settlement, cost: null) with { Requests = -first.Requests };
    }

    /// <summary>What a new price of the call adds: no call and no tokens, in the windows of the call itself.</summary>
    public static UsageEntry Repriced(BookedCall booked, NanoUsd cost, DateTimeOffset now)
    {
        var part = Math.Max(booked.Entries[^1].Part, 1) + 1;
        return Correct(booked, part, booked.Settlement with { Usage = default, EndedAt = now }, cost);
    }

    private static UsageEntry Correct(BookedCall booked, int part, Settlement settlement, NanoUsd? cost)
    {
        var before = booked.Totals;
        return LedgerForm.Of(booked.Entries[0] with
        {
            Sequence = 0,
            Part = part,
            Requests = 0,
            Settlement = settlement,
            Cost = cost is null && before.Cost is null ? null : (cost ?? default) - before.PricedCost,
            PricedRequests = (cost is null ? 0 : 1) - (int)before.PricedRequests,
        });
    }

    /// <summary>The first entry of a call whose frontend fell silent: what it had told of its usage.</summary>
    public static UsageEntry Expired(KeySettings settings, Hold hold, DateTimeOffset now, PriceBook prices) => First(settings, new Settlement
    {
        Call = hold.Call,
        Usage = hold.UsageSoFar,
        Source = UsageSource.Estimated,
        Outcome = Outcome.Expired,
        HttpStatus = 0,
        Upstream = "",
        StartedAt = hold.Call.ReservedAt,
        EndedAt = now,
    }, prices);

    private static TokenUsage Bound(TokenUsage usage) => new()
    {
        InputTokens = Math.Clamp(usage.InputTokens, 0, TokensMax),
        CachedInputTokens = Math.Clamp(usage.CachedInputTokens, 0, TokensMax),
        AudioInputTokens = Math.Clamp(usage.AudioInputTokens, 0, TokensMax),
        OutputTokens = Math.Clamp(usage.OutputTokens, 0, TokensMax),
        ReasoningTokens = Math.Clamp(usage.ReasoningTokens, 0, TokensMax),
        AudioOutputTokens = Math.Clamp(usage.AudioOutputTokens, 0, TokensMax),
        CacheWriteInputTokens = Math.Clamp(usage.CacheWriteInputTokens, 0, TokensMax),
    };
}
