using System.ClientModel.Primitives;
using System.Globalization;

namespace Relay.EndToEnd.Tests.Sdk;

/// <summary>The SDK's own policy, which tells how long it would wait and does not wait.</summary>
internal sealed class RecordingRetryPolicy : ClientRetryPolicy
{
    public List<TimeSpan> Delays { get; } = [];

    /// <summary>How long each of the answers told it to wait.</summary>
    public List<TimeSpan> Told { get; } = [];

    protected override TimeSpan GetNextDelay(PipelineMessage message, int tryCount)
    {
        var told = message.Response!.Headers.TryGetValue("retry-after", out var seconds) ? seconds : "0";
        Told.Add(TimeSpan.FromSeconds(int.Parse(told!, CultureInfo.InvariantCulture)));
        Delays.Add(base.GetNextDelay(message, tryCount));
        return TimeSpan.Zero;
    }
}
