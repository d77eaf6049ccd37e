using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Testing;

namespace Relay.Grains.Tests.Allotments;

/// <summary>
/// A company of 5,000 keys over a calendar month in which its clocks change, by one clock and without faults: each limit lets through what it says and not one call less, in the
/// days and the month of the company's own calendar.
/// </summary>
public sealed class CompanyMonthTests
{
    private const int Users = 1_000;
    private const int KeysOfUser = 5;
    private const int Teams = 50;
    private const int CallsOfHour = 150;
    private const long OfOrganization = 60_000;
    private const long OfTeam = 55;
    private const long OfUser = 6;

    [Theory]
    [InlineData("Europe/Berlin", 2026, 3)]
    [InlineData("America/New_York", 2026, 11)]
    [InlineData("Australia/Lord_Howe", 2026, 4)]
    public async Task Month_ClocksChange_EveryLimitLetsThroughWhatItSaysAndNotOneCallLess(string zoneId, int year, int month)
    {
        var company = new Company(TimeZoneInfo.FindSystemTimeZoneById(zoneId));
        var random = new Random(month);
        var now = new DateTimeOffset(year, month, 1, 0, 0, 0, TimeSpan.Zero).AddDays(-1);
        var end = now.AddDays(33);
        while (now < end)
        {
            // Some users and teams call far more than others, so that every kind of limit is reached.
            for (var i = 0; i < CallsOfHour; i++)
            {
                var user = random.Next(100) < 40 ? random.Next(60) : random.Next(Users);
                await company.CallAsync((user * KeysOfUser) + random.Next(KeysOfUser), now.AddSeconds(i * 3600.0 / CallsOfHour));
            }

            now = now.AddHours(1);
        }

        Assert.All(Enum.GetValues<Level>().Where(static level => level != Level.Key), level => Assert.True(
            company.RefusedBy(level) > 100, $"Limits of a {level} have refused {company.RefusedBy(level)} calls, too few to show anything."));
    }

    /// <summary>The keys' books and what they are allotted; and beside them a plain count of what was admitted, by the calendar.</summary>
    private sealed class Company
    {
        private readonly TimeZoneInfo _zone;
        private readonly MemoryAllotments _store = new(static _ => true);
        private readonly LimitRecall _recall;
        private readonly Hierarchy _hierarchy;
        private readonly Dictionary<string, QuotaBook> _books = new(StringComparer.Ordinal);
        private readonly Dictionary<(AccountId Account, DateOnly Day), long> _admitted = [];
        private readonly Dictionary<Level, int> _refused = [];
        private Instant _now;
        private int _calls;

        public Company(TimeZoneInfo zone)
        {
            _zone = zone;
            _recall = new LimitRecall(_store, GiveBackAsync);
            _hierarchy = new Hierarchy(1, Accounts());
        }

        public int RefusedBy(Level level) => _refused.GetValueOrDefault(level);

        public async Task CallAsync(int key, DateTimeOffset at)
        {
            _now = new Instant(at, at - DateTimeOffset.UnixEpoch);
            var user = UserOf(key / KeysOfUser);
            var path = _hierarchy.PathOf(user);
            var keyId = $"key_{key:D16}";
            if (!_books.TryGetValue(keyId, out var book))
            {
                _books.Add(keyId, book = new QuotaBook(_zone, Calls.HoldTimeout));
            }

            var reservation = await ReserveAsync(keyId, book, path);
            var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(at, _zone).DateTime);
            var counted = Counted(path, day);
            if (reservation.Hold is { } hold)
            {
                foreach (var (account, of) in counted)
                {
                    _admitted[(account, of)] = _admitted.GetValueOrDefault((account, of)) + 1;
                    Assert.True(_admitted[(account, of)] <= AmountOf(account.Level), $"{account} has let through too much on {of}.");
                }

                var draft = Calls.Draft(hold.Call, Calls.Tokens(10, 10)) with { User = path.Owner.User!, Team = path.Owner.Team };
                book.Commit(book.BeginSettle(draft, _now).Sequence);
            }
            else
            {
                var account = reservation.Refusal!.Account!.Value;
                _refused[account.Level] = RefusedBy(account.Level) + 1;
                Assert.Equal(AmountOf(account.Level), _admitted.GetValueOrDefault(counted.Single(pair => pair.Account == account)));
            }
        }

        private static string UserOf(int user) => $"user{user}";

        private static long AmountOf(Level level) => level switch
        {
            Level.User => OfUser,
            Level.Team => OfTeam,
            _ => OfOrganization,
        };

        private static IEnumerable<Account> Accounts() =>
        [
            AccountOf(Level.Organization, Account.OrganizationId, Window.Month),
            .. Enumerable.Range(0, Teams).Select(static team => AccountOf(Level.Team, $"team{team}", Window.Day)),
            .. Enumerable.Range(0, Users).Select(static user => AccountOf(Level.User, UserOf(user), Window.Day) with { Team = $"team{user % Teams}" }),
        ];

        private static Account AccountOf(Level level, string id, Window window) => new()
        {
            Level = level,
            Id = id,
            CreatedAt = Calls.Noon,
            Limits = [new Limit(Metric.Requests, window, AmountOf(level))],
        };

        /// <summary>Where a call counts: its user's and team's day, and the organization's month.</summary>
        private static (AccountId Account, DateOnly Day)[] Counted(AccountPath path, DateOnly day) =>
        [
            .. path.Limits.Select(limit => (limit.Account, limit.Key.Window == Window.Month ? new DateOnly(day.Year, day.Month, 1) : day)),
        ];

        private async Task<Reservation> ReserveAsync(string keyId, QuotaBook book, AccountPath path)
        {
            var id = Calls.IdOf(_calls++);
            var recalled = new Dictionary<LimitKey, RecalledRoom>();
            while (true)
            {
                var reservation = book.Reserve(id, Calls.Endpoint, Calls.Model, 10, 10, 1, _now, path, recalled);
                if (reservation.Shortages.IsEmpty)
                {
                    return reservation;
                }

                foreach (var shortage in reservation.Shortages.Where(shortage => book.RoomAtMost(shortage.Limit) < shortage.Needed))
                {
                    recalled[shortage.Limit.Key] = await _recall.RunAsync(shortage.Limit.Key, book.WindowEndOf(shortage.Limit.Key, _now));
                }

                foreach (var shortage in reservation.Shortages)
                {
                    await AskAsync(keyId, book, book.AskFor(shortage.Limit, shortage.Needed, _now));
                }
            }
        }

        private async Task AskAsync(string keyId, QuotaBook book, RoomAsk ask)
        {
            KeyAsk[] asks = [new(new KeyClaim(keyId, "silo", 1), [ask])];
            var answer = (await _store.AskAsync(asks, [], default))[0];
            if (!answer.NotOpen.IsEmpty)
            {
                await _store.OpenAsync(ask.Limit, ask.Window, [], default);
                answer = (await _store.AskAsync(asks, [], default))[0];
            }

            if (ask.KnowsAmount)
            {
                book.Take(ask, answer.Rooms[0], _now);
            }
        }

        private async Task<RoomUse?> GiveBackAsync(string keyId, LimitKey limit, DateTimeOffset windowEnd)
        {
            if (_books[keyId].GiveBack(limit, windowEnd, _now) is not { } ask)
            {
                return null;
            }

            await AskAsync(keyId, _books[keyId], ask);
            return new RoomUse(ask.Used, ask.Held);
        }
    }
}
