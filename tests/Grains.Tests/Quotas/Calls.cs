using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Quotas;

/// <summary>Builds calls and their entries where a test does not care about most of it.</summary>
internal static class Calls
{
    public const string Endpoint = "/v1/chat/completions";

    public const string Model = "gpt-4o";

    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan HoldTimeout = TimeSpan.FromSeconds(30);

    public static Instant At(TimeSpan sinceNoon) => new(Noon + sinceNoon, sinceNoon);

    public static Instant AtSeconds(double seconds) => At(TimeSpan.FromSeconds(seconds));

    public static QuotaBook Book(params Limit[] limits) =>
        new(TimeZoneInfo.Utc, HoldTimeout) { Limits = [.. limits] };

    public static Reservation Reserve(
        this QuotaBook book, int call, Instant now, string model = Model, long input = 10, long? outputMax = 20, int choices = 1) =>
        book.Reserve(IdOf(call), Endpoint, model, input, outputMax, choices, now);

    public static Guid IdOf(int call) => new(call + 1, 0, 0, new byte[8]);

    public static TokenUsage Tokens(long input, long output) => new() { InputTokens = input, OutputTokens = output };

    public static Settlement Settlement(CallFacts call, TokenUsage usage, UsageSource source = UsageSource.Reported) => new()
    {
        Call = call,
        Usage = usage,
        Source = source,
        Outcome = Outcome.Completed,
        HttpStatus = 200,
        Upstream = "default",
        StartedAt = call.ReservedAt,
        EndedAt = call.ReservedAt,
    };

    public static UsageEntry Draft(
        CallFacts call, TokenUsage usage, UsageSource source = UsageSource.Reported, int part = 0) => new()
        {
            KeyId = "key_0000000000000000",
            Sequence = 0,
            Part = part,
            Requests = part == 0 ? 1 : 0,
            User = "ann",
            Settlement = Settlement(call, usage, source),
        };

    /// <summary>Settles and commits in one go.</summary>
    public static UsageEntry Settle(
        this QuotaBook book, CallFacts call, TokenUsage usage, Instant now, UsageSource source = UsageSource.Reported, int part = 0)
    {
        var entry = book.BeginSettle(Draft(call, usage, source, part), now);
        book.Commit(entry.Sequence);
        return entry;
    }
}
