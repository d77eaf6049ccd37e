using Relay.Frontend.Admission;
using Relay.Frontend.Metering;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Frontend.Background;

/// <summary>A response while it is followed: decides from what the upstream says of it whether, and at what, its call is settled.</summary>
/// <param name="call">What was known when its call ended.</param>
/// <param name="hold">Its hold.</param>
/// <param name="counter">Counts where the upstream did not.</param>
internal sealed class FollowedCall(BackgroundCall call, OpenHold hold, TokenCounter counter) : IDisposable
{
    // A response that was made just now may not have come to every server of the upstream.
    private const int UnknownMax = 2;

    private int _unknown;
    private long _outputTokensSoFar = call.Known.Usage.OutputTokens;

    /// <summary>What was known when its call ended.</summary>
    public BackgroundCall Call { get; } = call;

    /// <summary>Its hold.</summary>
    public OpenHold Hold { get; set; } = hold;

    /// <summary>One at a time may ask about it.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>Whether it is settled.</summary>
    public bool IsSettled { get; set; }

    /// <summary>Takes what the upstream says. Answers the settlement once nothing more will be learned, else null.</summary>
    /// <param name="state">What the upstream says.</param>
    /// <param name="isLate">Whether it was followed for as long as any may be.</param>
    /// <param name="now">The time.</param>
    public async Task<Settlement?> ConcludeAsync(ResponseState state, bool isLate, DateTimeOffset now)
    {
        _unknown = state.Kind == ResponseStateKind.Unknown ? _unknown + 1 : 0;
        if (state.Kind == ResponseStateKind.Running)
        {
            _outputTokensSoFar = Math.Max(_outputTokensSoFar, TokenEstimator.CountFromTextBytes(state.Text!.Bytes));
            Hold.Progress(_outputTokensSoFar);
        }

        var isOver = state.Kind == ResponseStateKind.Over;
        if (!isOver && !isLate && _unknown < UnknownMax)
        {
            return null;
        }

        var model = state.Model is null ? Call.Known.ModelActual : RecordText.Clean(state.Model);
        var usage = isOver ? state.Usage : null;
        return Call.Known with
        {
            Usage = usage ?? await EstimateAsync(model ?? Call.Known.Call.Model, state),
            Source = usage is null ? UsageSource.Estimated : UsageSource.Reported,
            ModelActual = model,
            EndedAt = now,
        };
    }

    public void Dispose() => Gate.Dispose();

    private async Task<TokenUsage> EstimateAsync(string model, ResponseState state)
    {
        // A whole text outranks the guesses that were made while it grew.
        var output = state is { Kind: ResponseStateKind.Over, Text: { Bytes: > 0 } text }
            ? await counter.CountAsync(model, text)
            : _outputTokensSoFar;
        return Call.Known.Usage with { OutputTokens = output };
    }
}
