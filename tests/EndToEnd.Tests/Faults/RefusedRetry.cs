using Relay.Grains.Admission;
using Relay.Grains.Keys;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>Loses the answer to a reserve, and refuses it when it comes again; tells when its release was heard.</summary>
internal sealed class RefusedRetry : IIncomingGrainCallFilter
{
    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tries;

    /// <summary>Ends when a grain has carried out a release.</summary>
    public Task ReleasedAsync() => _released.Task.WaitAsync(WaitMax);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var isReserve = context.Grain is IKeyGrain && string.Equals(context.MethodName, nameof(IKeyGrain.ReserveAsync), StringComparison.Ordinal);
        var tries = isReserve ? Interlocked.Increment(ref _tries) : 0;
        if (tries == 2)
        {
            context.Result = new AdmissionDecision { Refusal = new Refusal { Kind = RefusalKind.Overloaded } };
            return;
        }

        await context.Invoke();
        if (tries == 1)
        {
            throw new TimeoutException("The test has lost this answer.");
        }

        if (string.Equals(context.MethodName, nameof(IKeyGrain.ReleaseAsync), StringComparison.Ordinal))
        {
            _released.TrySetResult();
        }
    }
}
