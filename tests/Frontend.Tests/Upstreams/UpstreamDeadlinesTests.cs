using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Upstreams;

public sealed class UpstreamDeadlinesTests : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();
    private readonly UpstreamDeadlines _deadlines;

    public UpstreamDeadlinesTests() => _deadlines = new UpstreamDeadlines(_time);

    public void Dispose() => _deadlines.Dispose();

    [Fact]
    public void Begin_StepTakesTooLong_IsToldATenthOfASecondLateAtMost()
    {
        using var deadline = _deadlines.Open(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromMilliseconds(30));
        deadline.Begin(Step);

        _time.Advance(Step - TimeSpan.FromMilliseconds(1));
        Assert.False(deadline.Token.IsCancellationRequested);

        _time.Advance(Late);
        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.False(deadline.ClientGone);
    }

    [Fact]
    public void Begin_StepsThatEndInTime_AreToldOfNever()
    {
        using var deadline = _deadlines.Open(TimeSpan.Zero);
        for (var i = 0; i < 3; i++)
        {
            deadline.Begin(Step);
            _time.Advance(Step - Late);
        }

        deadline.Begin(Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromDays(1));

        Assert.False(deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void StartDrain_StepsInTime_EndsWithTheDrain()
    {
        using var deadline = _deadlines.Open(Step);
        deadline.Begin(Step * 10);

        deadline.StartDrain();
        _time.Advance(Step - Late);
        Assert.True(deadline.ClientGone);
        Assert.False(deadline.Token.IsCancellationRequested);

        deadline.Begin(Timeout.InfiniteTimeSpan);
        _time.Advance(Late * 2);
        Assert.True(deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void StartDrain_NoTimeForIt_EndsAtOnce()
    {
        using var deadline = _deadlines.Open(TimeSpan.Zero);

        deadline.StartDrain();

        Assert.True(deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void Open_AfterAllOthersWereClosedForLong_IsWatched()
    {
        _deadlines.Open(TimeSpan.Zero).Dispose();
        _time.Advance(TimeSpan.FromHours(1));
        using var other = _deadlines.Open(TimeSpan.Zero);
        using var deadline = _deadlines.Open(TimeSpan.Zero);
        deadline.Begin(Step);

        _time.Advance(Step + Late);

        Assert.True(deadline.Token.IsCancellationRequested);
        Assert.False(other.Token.IsCancellationRequested);
    }

    [Fact]
    public void Dispose_BeforeItsEnd_IsToldOfNothing()
    {
        var deadline = _deadlines.Open(Step);
        var token = deadline.Token;
        deadline.Begin(Step);
        deadline.StartDrain();

        deadline.Dispose();
        _time.Advance(Step * 2);

        Assert.False(token.IsCancellationRequested);
    }
}
