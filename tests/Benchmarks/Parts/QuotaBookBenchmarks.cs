using BenchmarkDotNet.Attributes;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Benchmarks.Parts;

/// <summary>What a call costs its key's book: a reserve, what its headers show, a settle and the commit of both.</summary>
[MemoryDiagnoser]
public class QuotaBookBenchmarks
{
    private const string Endpoint = "/v1/chat/completions";
    private const string Model = "gpt-4o";

    private readonly QuotaBook _book = new(TimeZoneInfo.Utc, TimeSpan.FromMinutes(1))
    {
        Limits =
        [
            new Limit(Metric.Requests, Window.Minute, long.MaxValue / 4),
            new Limit(Metric.Tokens, Window.Day, long.MaxValue / 4),
        ],
    };

    private Instant _now = new(DateTimeOffset.UnixEpoch, TimeSpan.Zero);
    private AccountPath _path = null!;

    /// <summary>Whether the organization has a limit, of which enough is allotted.</summary>
    [Params(false, true)]
    public bool IsOrganizationLimited { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var limit = new AccountLimit(AccountId.Organization, new Limit(Metric.Tokens, Window.Total, long.MaxValue / 4));
        _path = new AccountPath(new CallOwner("load", null), IsOrganizationLimited ? [limit] : [], Suspended: null);
        _book.Take(_book.AskFor(limit, needed: 1, _now), new RoomAnswer(long.MaxValue / 8, Unallotted: long.MaxValue / 8, IsPassed: false), _now);
    }

    [Benchmark]
    public long ReserveAndSettle()
    {
        _now = new Instant(_now.Wall.AddMilliseconds(1), _now.Monotonic + TimeSpan.FromMilliseconds(1));
        var call = _book.Reserve(Guid.CreateVersion7(), Endpoint, Model, 100, null, 1, _now, _path).Hold!.Call;
        _ = _book.RateLimit(Metric.Requests, Model, _now, _path);
        _ = _book.RateLimit(Metric.Tokens, Model, _now, _path);
        var entry = _book.BeginSettle(
            new UsageEntry
            {
                KeyId = "key_0000000000000000",
                Sequence = 0,
                Part = 0,
                Requests = 1,
                User = "load",
                Settlement = new Settlement
                {
                    Call = call,
                    Usage = new TokenUsage { InputTokens = 90, OutputTokens = 50 },
                    Source = UsageSource.Reported,
                    Outcome = Outcome.Completed,
                    HttpStatus = 200,
                    Upstream = "default",
                    StartedAt = _now.Wall,
                    EndedAt = _now.Wall,
                },
            },
            _now);
        _book.Commit(entry.Sequence);
        return entry.Sequence;
    }
}
