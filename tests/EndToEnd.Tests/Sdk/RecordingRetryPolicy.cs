using System.ClientModel.Primitives;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>The SDK's own policy, which tells how long it would wait and does not wait.</summary>
internal sealed class RecordingRetryPolicy : ClientRetryPolicy
{
    public List<TimeSpan> Delays { get; } = [];

    protected override TimeSpan GetNextDelay(PipelineMessage message, int tryCount)
    {
        Delays.Add(base.GetNextDelay(message, tryCount));
        return TimeSpan.Zero;
    }
}
