using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Upstreams;

public sealed class StepTimeoutsTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    private readonly CountingTime _time = new();
    private readonly StepTimeouts _timeouts;
    private readonly List<object?> _expired = [];

    public StepTimeoutsTests() => _timeouts = new StepTimeouts(_time);

    [Fact]
    public void Begin_AndNoEnd_ExpiresOnceAfterItsLength()
    {
        Begin("call");

        _time.Advance(Length - TimeSpan.FromTicks(1));
        Assert.Empty(_expired);
        _time.Advance(TimeSpan.FromTicks(1));
        _time.Advance(Length * 3);

        Assert.Equal(["call"], _expired);
    }

    [Fact]
    public void End_BeforeItsLength_NeverExpires()
    {
        Begin("call").End();

        _time.Advance(Length * 3);

        Assert.Empty(_expired);
    }

    [Fact]
    public void Begin_AfterAnotherHasEnded_HasItsWholeLength()
    {
        Begin("first").End();
        _time.Advance(Length / 2);
        Begin("second");

        _time.Advance(Length - TimeSpan.FromTicks(1));
        Assert.Empty(_expired);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(["second"], _expired);
    }

    [Fact]
    public void Begin_WhileOthersRun_ExpiresAtMostATwentiethEarlyAndNeverLate()
    {
        var begun = new Dictionary<object, TimeSpan>();
        var now = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            begun.Add(i, now);
            Begin(i);
            _time.Advance(Length / 70);
            now += Length / 70;
            AssertInTime(now);
        }

        _time.Advance(Length);
        Assert.Equal(100, _expired.Count);

        void AssertInTime(TimeSpan at)
        {
            Assert.All(begun.Where(step => at - step.Value < Length * 0.95), step => Assert.DoesNotContain(step.Key, _expired));
            Assert.All(begun.Where(step => at - step.Value >= Length), step => Assert.Contains(step.Key, _expired));
        }
    }

    [Fact]
    public void Begin_AfterOneHasExpired_StartsAnew()
    {
        Begin("first");
        _time.Advance(Length);
        Begin("second");

        Assert.Equal(["first"], _expired);
        _time.Advance(Length);
        Assert.Equal(["first", "second"], _expired);
    }

    [Fact]
    public void Begin_OfAnotherLength_HasItsOwnTime()
    {
        Begin("long");
        _timeouts.Begin(Length / 2, new Step("short", _expired));

        _time.Advance(Length / 2);

        Assert.Equal(["short"], _expired);
    }

    [Fact]
    public void Begin_ManySideBySide_TakesOneTimer()
    {
        var first = Begin("first");
        var timers = _time.Timers;
        for (var i = 0; i < 1_000; i++)
        {
            Begin(i).End();
        }

        Assert.Equal(timers, _time.Timers);
        first.End();
    }

    [Fact]
    public void Begin_OneAfterTheOther_TakesOneTimer()
    {
        Begin("first").End();
        var timers = _time.Timers;
        for (var i = 0; i < 1_000; i++)
        {
            _time.Advance(Length / 3);
            Begin(i).End();
        }

        Assert.Equal(timers, _time.Timers);
        Assert.Empty(_expired);
    }

    [Fact]
    public void End_OfOneThatOthersFollow_LeavesThemTheirTime()
    {
        var first = Begin("first");
        _time.Advance(Length / 10);
        var second = Begin("second");
        first.End();
        Begin("third");
        second.End();

        _time.Advance(Length * 0.94);
        Assert.Empty(_expired);
        _time.Advance(Length * 0.06);

        Assert.Equal(["third"], _expired);
    }

    [Fact]
    public void End_WhenItsTimerIsGoingOff_TouchesNoOtherStep()
    {
        var first = Begin("first");
        _time.HoldBack = true;
        _time.Advance(Length);
        first.End();
        Begin("second");
        _time.LetGo();

        Assert.Empty(_expired);
        _time.Advance(Length);
        Assert.Equal(["second"], _expired);
    }

    [Fact]
    public void Begin_OfAStepThatHasExpired_StartsAnew()
    {
        var step = Begin("again");
        _time.Advance(Length);
        step.End();
        _timeouts.Begin(Length, step);

        Assert.Equal(["again"], _expired);
        _time.Advance(Length);
        Assert.Equal(["again", "again"], _expired);
    }

    [Fact]
    public void End_OfSomeInAnyOrder_LeavesTheOthers() => Gen.Bool.Array[1, 12].Select(Gen.Int).Sample((ends, seed) =>
    {
        var time = new FakeTimeProvider();
        var timeouts = new StepTimeouts(time);
        var expired = new List<object?>();
        var steps = ends.Select((_, i) => new Step(i, expired)).ToList();
        steps.ForEach(step => timeouts.Begin(Length, step));

        foreach (var i in Enumerable.Range(0, ends.Length).OrderBy(i => HashCode.Combine(i, seed)).Where(i => ends[i]))
        {
            steps[i].End();
            steps[i].End();
        }

        time.Advance(Length);

        Assert.Equal(Enumerable.Range(0, ends.Length).Where(i => !ends[i]), expired.Cast<int>().Order());
    });

    private Step Begin(object state)
    {
        var step = new Step(state, _expired);
        _timeouts.Begin(Length, step);
        return step;
    }

    private sealed class Step(object state, List<object?> expired) : StepTimeouts.Step
    {
        protected override void Expire() => expired.Add(state);
    }

    private sealed class CountingTime : FakeTimeProvider
    {
        private readonly List<Action> _heldBack = [];

        public int Timers { get; private set; }

        /// <summary>Whether timers that go off are late, as the runtime's may be.</summary>
        public bool HoldBack { get; set; }

        public void LetGo()
        {
            HoldBack = false;
            _heldBack.ForEach(static callback => callback());
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            void GoOff(object? own)
            {
                if (HoldBack)
                {
                    _heldBack.Add(() => callback(own));
                }
                else
                {
                    callback(own);
                }
            }

            return base.CreateTimer(GoOff, state, dueTime, period);
        }
    }
}
