using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;

namespace Relay.Frontend.Admission;

/// <summary>Asks the keys' grains, and knows which holds of this process are open.</summary>
internal sealed partial class AdmissionClient
{
    private static readonly TimeSpan FailingPatience = TimeSpan.FromSeconds(1);

    private readonly KeyGrains _grains;
    private readonly ILocalKeys? _local;
    private readonly Outbox _outbox;
    private readonly Releases _releases;
    private readonly TimeProvider _time;
    private readonly TimeSpan _reserveTime;
    private readonly ILogger<AdmissionClient> _logger;
    private readonly ResiliencePipeline _untilSettled;
    private readonly SharedDeadlines _settleTime;
    private readonly GrainRetry _retry;
    private readonly ConcurrentDictionary<Guid, OpenHold> _open = new();

    // Its own count takes all of its locks.
    private int _openCount;

    public AdmissionClient(
        IGrainFactory grains,
        Outbox outbox,
        Releases releases,
        TimeProvider time,
        GrainRetry retry,
        IOptions<AdmissionOptions> options,
        ILogger<AdmissionClient> logger,
        ILocalKeys? local = null)
    {
        _local = local;
        _grains = new KeyGrains(grains);
        _outbox = outbox;
        _releases = releases;
        _time = time;
        _retry = retry;
        _logger = logger;
        _reserveTime = TimeSpan.FromSeconds(options.Value.ReserveSeconds);

        _settleTime = new SharedDeadlines(time, TimeSpan.FromSeconds(options.Value.SettleSeconds));

        // A settle may arrive twice: it carries the call's id. So it is sent again until it is acknowledged.
        _untilSettled = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                // A full ledger queue does not empty while callers press on: such a count goes to the outbox at once.
                ShouldHandle = new PredicateBuilder().Handle<Exception>(IsWorthAnother),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = TimeSpan.FromSeconds(1),
                UseJitter = true,
            })
            .Build();
    }

    /// <summary>
    /// The calls of this process that no grain has acknowledged the settle of, by key: those that run, and those whose count waits in
    /// the outbox. A new owner of a key must hold for both, or it would admit others in their place.
    /// </summary>
    public IEnumerable<IGrouping<string, HoldRenewal>> Unsettled => _open.Values
        .Select(static hold => (hold.KeyId, Renewal: hold.ToRenewal()))
        .Concat(_outbox.Unsettled.Select(static entry => (entry.KeyId, Renewal: new HoldRenewal(entry.Settlement.Call, entry.Settlement.Usage))))
        .GroupBy(static call => call.KeyId, static call => call.Renewal, StringComparer.Ordinal);

    /// <summary>Checks a secret without reserving. Null when no grain could answer.</summary>
    public async Task<KeyAccess?> AuthenticateAsync(string keyId, KeyHash hash)
    {
        try
        {
            return await _retry.AskAsync(() => Grain(keyId).AuthenticateAsync(hash).AsTask());
        }
        catch (Exception e)
        {
            LogUnanswered(keyId, e);
            return null;
        }
    }

    /// <summary>Asks for a hold. Null when no grain could answer: the call must then be refused.</summary>
    public async ValueTask<(AdmissionDecision Decision, OpenHold? Hold)?> ReserveAsync(string keyId, ReserveRequest request)
    {
        // A call may only start if its count has a place to go whatever happens, and if its key's totals are known.
        // The key's own waiting counts go first, for they may be what fills the outbox.
        if (!await SettleWaitingAsync(keyId) || !_outbox.HasRoomFor(Volatile.Read(ref _openCount)))
        {
            return null;
        }

        var key = Grain(keyId);
        ReserveAnswer answer;
        try
        {
            answer = await _retry.ReserveAsync(key, _local?.Find(keyId), request);
        }
        catch (Exception e)
        {
            // The call is refused here, but one of the tries may have made a hold.
            _releases.Add(keyId, key, request.RequestId);
            LogUnanswered(keyId, e);
            return null;
        }

        var decision = answer.Decision;
        if (decision.Refusal is not null)
        {
            if (answer.Tries > 1)
            {
                // Another of the tries may have made a hold.
                _releases.Add(keyId, key, request.RequestId);
            }

            return (decision, null);
        }

        var hold = GoOn(keyId, new CallFacts
        {
            RequestId = request.RequestId,
            ReservedAt = decision.ReservedAt,
            Endpoint = request.Endpoint,
            Model = request.Model,
            InputTokensHeld = request.InputTokensEstimated,
            OutputTokensHeld = decision.OutputTokensHeld,
            Choices = request.Choices,
            User = decision.User,
            Team = decision.Team,
        }, decision.OutputTokensCap);
        if (answer.IsLate)
        {
            _ = TellAsync(hold);
        }

        return (decision, hold);
    }

    /// <summary>Renews a call's hold from now on, in place of whoever did so before: an earlier hold of it, or an earlier process.</summary>
    public OpenHold GoOn(string keyId, CallFacts call, long? outputTokensCap = null)
    {
        var hold = new OpenHold(this, Grain(keyId), keyId, call) { OutputTokensCap = outputTokensCap };
        while (!_open.TryAdd(call.RequestId, hold))
        {
            if (_open.TryGetValue(call.RequestId, out var before) && _open.TryUpdate(call.RequestId, hold, before))
            {
                return hold;
            }
        }

        Interlocked.Increment(ref _openCount);
        return hold;
    }

    /// <summary>Tells a key's grain of its calls.</summary>
    public ValueTask RenewAsync(IGrouping<string, HoldRenewal> calls) =>
        Grain(calls.Key).RenewAsync([.. calls.DistinctBy(static call => call.Hold.RequestId)]);

    /// <summary>Settles a hold; see <see cref="OpenHold.SettleAsync"/>.</summary>
    public async Task<bool> SettleAsync(OpenHold hold, Settlement settlement)
    {
        try
        {
            var deadline = _settleTime.Begin();
            var first = BeginSettleAsync(hold, settlement).WaitAsync(deadline);
            SettleResult result;
            try
            {
                // Nearly every call: the pipeline of retries would cost more than the grain.
                result = await first;
            }
            catch (Exception e) when (IsWorthAnother(e) && !deadline.IsCancellationRequested)
            {
                result = await SettleAgainAsync(hold, settlement, first, deadline);
            }

            return result == SettleResult.Settled || await KeepAsync(hold, settlement);
        }
        catch (Exception e)
        {
            LogLate(hold.KeyId, hold.Facts.RequestId, e);
            return await KeepAsync(hold, settlement);
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
        _releases.Add(hold.KeyId, hold.Key, hold.Facts.RequestId);
        try
        {
            await _releases.SendAsync(hold.Key, hold.Facts.RequestId);
        }
        catch (Exception e)
        {
            // It is sent again.
            LogUnanswered(hold.KeyId, e);
        }
    }

    /// <summary>Renews the hold no more, unless another one has gone on with its call.</summary>
    public void Forget(OpenHold hold)
    {
        if (_open.TryRemove(KeyValuePair.Create(hold.Facts.RequestId, hold)))
        {
            Interlocked.Decrement(ref _openCount);
        }
    }

    private async Task TellAsync(OpenHold hold)
    {
        try
        {
            await hold.Key.RenewAsync([hold.ToRenewal()]);
        }
        catch (Exception e)
        {
            // The next round of renewals tells of it too.
            LogUnanswered(hold.KeyId, e);
        }
    }

    private Task<SettleResult> BeginSettleAsync(OpenHold hold, Settlement settlement) =>
        _local?.Find(hold.KeyId)?.TrySettle(settlement, out var local) == true ? local : hold.Key.SettleAsync(settlement);

    private async Task<SettleResult> SettleAgainAsync(OpenHold hold, Settlement settlement, Task<SettleResult> failed, CancellationToken deadline)
    {
        Task<SettleResult>? pending = failed;
        return await _untilSettled.ExecuteAsync(
            async cancellationToken =>
            {
                // The failure that is known already is the first one that the pipeline sees.
                var outcome = Interlocked.Exchange(ref pending, null) ?? hold.Key.SettleAsync(settlement).WaitAsync(cancellationToken);
                return await outcome;
            },
            deadline);
    }

    private static bool IsWorthAnother(Exception failure) => failure is not LedgerFullException;

    private async Task<bool> KeepAsync(OpenHold hold, Settlement settlement)
    {
        // Calls that share a deadline fail one after the other on one thread: none may sync the disk before the others have come.
        await Task.Yield();
        try
        {
            await _outbox.AddAsync(new OutboxEntry(hold.KeyId, settlement));
            return true;
        }
        catch (Exception e)
        {
            LogUnsettled(hold.KeyId, hold.Facts.RequestId, settlement.Usage.InputTokens, settlement.Usage.OutputTokens, e);
            return false;
        }
    }

    private async ValueTask<bool> SettleWaitingAsync(string keyId)
    {
        if (!_outbox.IsWaiting(keyId))
        {
            return true;
        }

        // Once somebody has waited in vain, nobody waits long: in an outage that goes on, calls must not pile up.
        var patience = _outbox.IsFailing(keyId) ? FailingPatience : _reserveTime;
        try
        {
            return await _outbox.SendAsync(keyId).WaitAsync(patience, _time);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private IKeyGrain Grain(string keyId) => _grains.Of(keyId);
}
