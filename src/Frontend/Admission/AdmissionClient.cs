using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Relay.Grains.Admission;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admission;

/// <summary>Asks the keys' grains, and knows which holds of this process are open.</summary>
internal sealed partial class AdmissionClient
{
    private readonly IGrainFactory _grains;
    private readonly ILogger<AdmissionClient> _logger;
    private readonly ResiliencePipeline _untilSettled;
    private readonly ConcurrentDictionary<Guid, OpenHold> _open = new();

    public AdmissionClient(IGrainFactory grains, TimeProvider time, IOptions<AdmissionOptions> options, ILogger<AdmissionClient> logger)
    {
        _grains = grains;
        _logger = logger;

        // A settle may arrive twice: it carries the call's id. So it is sent again until it is acknowledged.
        _untilSettled = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(TimeSpan.FromSeconds(options.Value.SettleSeconds))
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = TimeSpan.FromSeconds(1),
                UseJitter = true,
            })
            .Build();
    }

    /// <summary>The holds of calls that run in this process.</summary>
    public ICollection<OpenHold> Open => _open.Values;

    /// <summary>Checks a secret without reserving. Null when no grain could answer.</summary>
    public async Task<KeyAccess?> AuthenticateAsync(string keyId, KeyHash hash)
    {
        try
        {
            return await Grain(keyId).AuthenticateAsync(hash);
        }
        catch (Exception e)
        {
            LogUnanswered(keyId, e);
            return null;
        }
    }

    /// <summary>Asks for a hold. Null when no grain could answer: the call must then be refused.</summary>
    public async Task<(AdmissionDecision Decision, OpenHold? Hold)?> ReserveAsync(string keyId, ReserveRequest request)
    {
        var key = Grain(keyId);
        AdmissionDecision decision;
        try
        {
            decision = await key.ReserveAsync(request);
        }
        catch (Exception e)
        {
            LogUnanswered(keyId, e);
            return null;
        }

        if (decision.Refusal is not null)
        {
            return (decision, null);
        }

        var hold = new OpenHold(this, key, keyId, new CallFacts
        {
            RequestId = request.RequestId,
            ReservedAt = decision.ReservedAt,
            Endpoint = request.Endpoint,
            Model = request.Model,
            InputTokensHeld = request.InputTokensEstimated,
            OutputTokensHeld = decision.OutputTokensHeld,
            Choices = request.Choices,
        });
        _open[request.RequestId] = hold;
        return (decision, hold);
    }

    /// <summary>Settles a hold; see <see cref="OpenHold.SettleAsync"/>.</summary>
    public async Task<bool> SettleAsync(OpenHold hold, Settlement settlement)
    {
        try
        {
            await _untilSettled.ExecuteAsync(
                async cancellationToken => await hold.Key.SettleAsync(settlement).WaitAsync(cancellationToken));
            return true;
        }
        catch (Exception e)
        {
            LogUnsettled(hold.KeyId, hold.Facts.RequestId, settlement.Usage.InputTokens, settlement.Usage.OutputTokens, e);
            return false;
        }
        finally
        {
            Forget(hold);
        }
    }

    /// <summary>Releases a hold; see <see cref="OpenHold.ReleaseAsync"/>.</summary>
    public async Task ReleaseAsync(OpenHold hold)
    {
        Forget(hold);
        try
        {
            await hold.Key.ReleaseAsync(hold.Facts.RequestId);
        }
        catch (Exception e)
        {
            // The hold is not renewed any more, so it expires by itself.
            LogUnanswered(hold.KeyId, e);
        }
    }

    /// <summary>Renews the hold no more.</summary>
    public void Forget(OpenHold hold) => _open.TryRemove(hold.Facts.RequestId, out _);

    private IKeyGrain Grain(string keyId) => _grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(keyId));
}
