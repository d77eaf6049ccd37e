using System.Buffers;
using Relay.Frontend.Metering;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>Says what a call came to, once its answer is over.</summary>
internal sealed class CallCount(TokenCounter counter)
{
    /// <summary>The longest request body that is kept until its call is over, in case its tokens must be counted then; of a longer one the estimate stands.</summary>
    public const int BodyBytesMax = 1024 * 1024;

    /// <summary>The upstream's count if it gave one; nothing for a refusal of the upstream's; else an estimate of what passed.</summary>
    public async Task CountAsync(RelayedCall call, RequestFacts facts, ReadOnlySequence<byte> body, IAnswerRelay relay, RelayEnd end)
    {
        call.FirstByteAt = relay.FirstByteAt;
        var isRefusal = call.Status >= StatusCodes.Status300MultipleChoices;
        if (!relay.HasSent)
        {
            call.Status = AnswerEnd.ErrorOf(end)?.Status ?? call.Status;
        }

        call.ModelActual = relay.Model is null ? null : RecordText.Clean(relay.Model);
        call.Outcome = end switch
        {
            RelayEnd.Complete => Outcome.Completed,
            RelayEnd.ClientClosed => Outcome.ClientClosed,
            _ => Outcome.UpstreamError,
        };
        if (facts.IsFree)
        {
            (call.Usage, call.Source) = (default, UsageSource.Reported);
        }
        else if (relay.Usage is { } usage)
        {
            (call.Usage, call.Source) = (usage, UsageSource.Reported);
        }
        else if (isRefusal)
        {
            (call.Usage, call.Source) = (default, UsageSource.Reported);
        }
        else
        {
            await EstimateAsync(call, facts, body, relay.Text);
        }
    }

    /// <summary>Counts what went in, and what came out if anything did, with the vocabulary of the model.</summary>
    public async Task EstimateAsync(RelayedCall call, RequestFacts facts, ReadOnlySequence<byte> body, OutputText? output)
    {
        call.Source = UsageSource.Estimated;
        if (facts.IsFree)
        {
            return;
        }

        var model = call.ModelActual ?? facts.Model;
        call.Usage = new TokenUsage
        {
            InputTokens = body.IsEmpty || body.Length > BodyBytesMax
                ? facts.InputTokensEstimated
                : await counter.CountAsync(model, vocabulary => RequestReader.CountInput(body, vocabulary)),
            OutputTokens = output is null || facts.Choices == 0 ? 0 : await counter.CountAsync(model, output),
        };
    }
}
