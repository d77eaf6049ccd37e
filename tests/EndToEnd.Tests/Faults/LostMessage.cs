using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>
/// Loses one message to a key's grain, or to one that compares keys, on its way there, or the answer to it on its way back, and tells
/// when a release was heard.
/// </summary>
internal sealed class LostMessage(string method, bool isHeard) : IIncomingGrainCallFilter
{
    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = 1;

    /// <summary>Whether the message has come, and was lost.</summary>
    public bool IsLost => Volatile.Read(ref _left) < 1;

    /// <summary>Ends when a grain has carried out a release.</summary>
    public Task ReleasedAsync() => _released.Task.WaitAsync(WaitMax);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var isLost = context.Grain is IKeyGrain or IUsageVerificationGrain
            && string.Equals(context.MethodName, method, StringComparison.Ordinal)
            && Interlocked.Decrement(ref _left) >= 0;
        if (!isLost || isHeard)
        {
            await context.Invoke();
        }

        if (isLost)
        {
            throw new TimeoutException("The test has lost this message.");
        }

        if (string.Equals(context.MethodName, nameof(IKeyGrain.ReleaseAsync), StringComparison.Ordinal))
        {
            _released.TrySetResult();
        }
    }
}
