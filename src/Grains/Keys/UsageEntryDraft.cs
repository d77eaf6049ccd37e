using Relay.Grains.Admission;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>The entries of a call, before the book gives them their sequence; in the form in which the ledger gives them back.</summary>
internal static class UsageEntryDraft
{
    // An upstream may report anything. No call comes near this, and sums of it stay far below a long's range.
    private const long TokensMax = 1_000_000_000_000;

    /// <summary>A call's first entry.</summary>
    public static UsageEntry First(KeySettings settings, Settlement settlement) => LedgerForm.Of(new UsageEntry
    {
        KeyId = settings.Id,
        Sequence = 0,
        Part = 0,
        Requests = 1,
        User = settings.User,
        Team = settings.Team,
        Settlement = settlement with { Usage = Bound(settlement.Usage) },
    });

    /// <summary>What a settle after an expiry adds: the same call, already counted, and still its owner's of then.</summary>
    public static UsageEntry Difference(UsageEntry expired, Settlement settlement) => LedgerForm.Of(expired with
    {
        Sequence = 0,
        Part = 1,
        Requests = 0,
        Settlement = settlement with { Usage = Bound(settlement.Usage) - expired.Settlement.Usage },
    });

    /// <summary>What a release after an expiry takes back: all of it, the call too, for it was never sent.</summary>
    public static UsageEntry Reversal(UsageEntry expired, DateTimeOffset now) => LedgerForm.Of(expired with
    {
        Sequence = 0,
        Part = 1,
        Requests = -expired.Requests,
        Settlement = expired.Settlement with { Usage = default(TokenUsage) - expired.Settlement.Usage, EndedAt = now },
    });

    /// <summary>The first entry of a call whose frontend fell silent: what it had told of its usage.</summary>
    public static UsageEntry Expired(KeySettings settings, Hold hold, DateTimeOffset now) => First(settings, new Settlement
    {
        Call = hold.Call,
        Usage = hold.UsageSoFar,
        Source = UsageSource.Estimated,
        Outcome = Outcome.Expired,
        HttpStatus = 0,
        Upstream = "",
        StartedAt = hold.Call.ReservedAt,
        EndedAt = now,
    });

    private static TokenUsage Bound(TokenUsage usage) => new()
    {
        InputTokens = Math.Clamp(usage.InputTokens, 0, TokensMax),
        CachedInputTokens = Math.Clamp(usage.CachedInputTokens, 0, TokensMax),
        AudioInputTokens = Math.Clamp(usage.AudioInputTokens, 0, TokensMax),
        OutputTokens = Math.Clamp(usage.OutputTokens, 0, TokensMax),
        ReasoningTokens = Math.Clamp(usage.ReasoningTokens, 0, TokensMax),
        AudioOutputTokens = Math.Clamp(usage.AudioOutputTokens, 0, TokensMax),
    };
}
