using System.Collections.Immutable;
using Relay.Grains.Admission;
using Relay.Grains.Keys;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>Loses every settle until it is told not to, and tells when a grain is told of a call with the very usage of its lost settle.</summary>
internal sealed class UnsettledCall : IIncomingGrainCallFilter
{
    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource<HoldRenewal> _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Settlement? _lost;
    private volatile bool _isOver;

    /// <summary>Ends with the first such renewal.</summary>
    public Task<HoldRenewal> ToldAsync() => _told.Task.WaitAsync(WaitMax);

    /// <summary>Loses no more settles.</summary>
    public void LetSettle() => _isOver = true;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var argument = context.Request.GetArgumentCount() > 0 ? context.Request.GetArgument(0) : null;
        if (context.Grain is IKeyGrain && argument is Settlement settlement && !_isOver)
        {
            _lost = settlement;
            throw new TimeoutException("The test has lost this settle.");
        }

        await context.Invoke();
        if (argument is ImmutableArray<HoldRenewal> renewals
            && renewals.FirstOrDefault(renewal => renewal.Hold.RequestId == _lost?.Call.RequestId && renewal.UsageSoFar == _lost.Usage) is { } told)
        {
            _told.TrySetResult(told);
        }
    }
}
