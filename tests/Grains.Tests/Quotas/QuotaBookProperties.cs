using System.Text.Json;
using CsCheck;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using static Relay.Grains.Tests.Quotas.Calls;

namespace Relay.Grains.Tests.Quotas;

public sealed class QuotaBookProperties
{
    private static readonly string[] Models = ["gpt-4o", "gpt-4.1", "o1"];

    private static readonly Limit[] Limits =
    [
        new(Metric.Requests, Window.Minute, 4), new(Metric.Tokens, Window.Hour, 300), new(Metric.OutputTokens, Window.Day, 400, "gpt-*"),
        new(Metric.InputTokens, Window.Total, 500), new(Metric.Concurrency, Window.Total, 3),
    ];

    private enum Step
    {
        Reserve,
        Renew,
        Release,
        BeginSettle,
        Commit,
        Expire,
        SettleAfterExpiry,
        Wait,
        StepClockBack,
        Snapshot,
    }

    private static readonly Gen<(Step Step, int Call, int Amount)[]> Histories =
        Gen.Select(
            Gen.Frequency(
                (6, Gen.Const(Step.Reserve)),
                (10, Gen.OneOf(Enum.GetValues<Step>()))),
            Gen.Int[0, 7],
            Gen.Int[0, 60]).Array[1, 120];

    [Fact]
    public void AnyHistory_ReplayedFromAnySnapshot_GivesTheSameBook() =>
        Histories.Sample(static history =>
        {
            var life = new Life();
            foreach (var (step, call, amount) in history)
            {
                life.Do(step, call, amount);
                life.AssertLimitsHold();
            }

            life.AssertRebuildsFromEachSnapshot();
        }, iter: 3_000);

    /// <summary>A book that lives through a history, and what its grain would remember of it.</summary>
    private sealed class Life
    {
        private readonly QuotaBook _book = Book(Limits);
        private readonly Dictionary<int, CallFacts> _calls = [];
        private readonly Dictionary<int, TokenUsage> _expired = [];
        private readonly Queue<UsageEntry> _appended = [];
        private readonly List<UsageEntry> _ledger = [];
        private readonly List<QuotaBookState> _snapshots = [new()];
        private TimeSpan _monotonic;
        private DateTimeOffset _wall = Noon;
        private DateTimeOffset _latest = Noon;
        private bool _lateSettle;
        private int _generation;

        private Instant Now => new(_wall, _monotonic);

        public void Do(Step step, int call, int amount)
        {
            switch (step)
            {
                case Step.Reserve:
                    Reserve(call, amount);
                    break;
                case Step.Renew when _calls.TryGetValue(call, out var facts):
                    _book.Renew(new HoldRenewal(facts, Within(facts, amount)), Now);
                    break;
                case Step.Release when _calls.TryGetValue(call, out var facts):
                    _book.Release(facts.RequestId);
                    _book.Release(facts.RequestId);
                    break;
                case Step.BeginSettle when _calls.TryGetValue(call, out var facts) && _book.Find(facts.RequestId) is not null:
                    _appended.Enqueue(_book.BeginSettle(Draft(facts, Within(facts, amount)), Now));
                    break;
                case Step.Commit when _appended.TryDequeue(out var entry):
                    _ledger.Add(entry);
                    _book.Commit(entry.Sequence);
                    _book.Commit(entry.Sequence);
                    break;
                case Step.Expire:
                    Expire();
                    break;
                case Step.SettleAfterExpiry when _expired.Remove(call, out var told) && _calls.TryGetValue(call, out var facts):
                    _lateSettle = true;
                    _appended.Enqueue(_book.BeginSettle(Draft(facts, Within(facts, amount) - told, part: 1), Now));
                    break;
                case Step.Wait:
                    Wait(TimeSpan.FromSeconds(amount * amount));
                    break;
                case Step.StepClockBack:
                    _wall -= TimeSpan.FromSeconds(amount);
                    break;
                case Step.Snapshot:
                    _snapshots.Add(_book.ToSnapshot());
                    break;
                default:
                    // A step about a call that there is not.
                    break;
            }
        }

        public void AssertLimitsHold()
        {
            foreach (var limit in _book.Usage(Now).Limits)
            {
                Assert.True(limit.Held >= 0, $"{limit} holds less than nothing.");
                Assert.True(limit.Used >= 0, $"{limit} used less than nothing.");

                // Room that an expiry gave back may be taken when the real settle comes.
                Assert.True(_lateSettle || limit.Used + limit.Held <= limit.Limit.Amount, $"{limit} is past its amount.");
            }
        }

        public void AssertRebuildsFromEachSnapshot()
        {
            while (_appended.TryDequeue(out var entry))
            {
                _ledger.Add(entry);
                _book.Commit(entry.Sequence);
            }

            foreach (var call in _calls.Values)
            {
                _book.Release(call.RequestId);
            }

            var end = new Instant(_latest, _monotonic);
            var expected = Text(_book, end);
            foreach (var snapshot in _snapshots)
            {
                var rebuilt = new QuotaBook(TimeZoneInfo.Utc, HoldTimeout, snapshot) { Limits = [.. Limits] };
                _ledger.Where(entry => entry.Sequence > snapshot.Sequence).ToList().ForEach(rebuilt.Apply);
                Assert.Equal(expected, Text(rebuilt, end));
            }
        }

        private static string Text(QuotaBook book, Instant now)
        {
            var usage = book.Usage(now);
            return JsonSerializer.Serialize(usage) + JsonSerializer.Serialize(book.ToSnapshot());
        }

        private static TokenUsage Within(CallFacts call, int amount) =>
            Tokens(Math.Min(amount, call.InputTokensHeld), Math.Min(amount, call.OutputTokensHeld));

        private void Reserve(int call, int amount)
        {
            // A settled, released or expired call is over; its number then stands for a new call.
            if (!_calls.TryGetValue(call, out var known) || _book.Find(known.RequestId) is null)
            {
                _expired.Remove(call);
                _generation++;
            }

            var id = known is not null && _book.Find(known.RequestId) is not null ? known.RequestId : IdOf(1_000 + _generation);
            var reservation = _book.Reserve(
                id, Endpoint, Models[call % Models.Length], amount, amount % 4 == 0 ? null : amount, 1 + (amount % 2), Now);
            if (reservation.Hold is { } hold)
            {
                _calls[call] = hold.Call;
            }
        }

        private void Expire()
        {
            foreach (var hold in _book.Expired(Now))
            {
                var call = _calls.Single(pair => pair.Value.RequestId == hold.Call.RequestId).Key;
                _expired[call] = hold.UsageSoFar;
                _appended.Enqueue(_book.BeginSettle(Draft(hold.Call, hold.UsageSoFar, UsageSource.Estimated), Now));
            }
        }

        private void Wait(TimeSpan time)
        {
            _monotonic += time;
            _wall += time;
            _latest = _wall > _latest ? _wall : _latest;
        }
    }
}
