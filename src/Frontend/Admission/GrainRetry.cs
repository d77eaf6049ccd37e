using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;

namespace Relay.Frontend.Admission;

/// <summary>
/// Asks grains again while the cluster changes: a silo dies, leaves or comes, and a key's grain moves to another one. Whoever called
/// Relay sees a slower answer. What a grain says of itself, such as that its database is gone, is no reason to ask again.
/// </summary>
internal sealed class GrainRetry
{
    private static readonly TimeSpan PauseMax = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly TimeSpan _settleTime;
    private readonly TimeSpan _lateAfter;
    private readonly TimeSpan _tryTimeMax;
    private readonly ResiliencePipeline _untilAnswered;
    private readonly ResiliencePipeline _patiently;
    private readonly ResiliencePipeline<ReserveAnswer> _untilDecided;
    private readonly SharedDeadlines _reserveTime;
    private readonly SharedDeadlines _tryTime;

    public GrainRetry(TimeProvider time, IOptions<AdmissionOptions> options, IOptions<OwnershipOptions> ownership)
    {
        var total = TimeSpan.FromSeconds(options.Value.ReserveSeconds);
        _time = time;
        _settleTime = TimeSpan.FromSeconds(options.Value.SettleSeconds);
        _lateAfter = ownership.Value.Renewal / 4;
        _untilAnswered = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(total)
            .AddRetry(WhilePassing(int.MaxValue))
            .Build();
        _patiently = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(WhilePassing((int)(total / PauseMax)))
            .Build();
        _reserveTime = new SharedDeadlines(time, total);

        // An admission that was longer under way may be an owner's that has stopped since, and the next one would hear of the call too late.
        _tryTimeMax = ownership.Value.Renewal / 2;
        _tryTime = new SharedDeadlines(time, _tryTimeMax);
        _untilDecided = new ResiliencePipelineBuilder<ReserveAnswer> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<ReserveAnswer>
            {
                ShouldHandle = static arguments => ValueTask.FromResult(
                    IsPassing(arguments.Outcome.Exception) || IsOwnerChanging(arguments.Outcome.Result)),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = PauseMax,
                UseJitter = true,

                // A new owner knows from when on it admits; null leaves the pause to what stands above.
                DelayGenerator = static arguments => ValueTask.FromResult(arguments.Outcome.Result?.Decision.Refusal?.RetryAfter),
            })
            .Build();
    }

    /// <summary>Asks until a grain answers. The question must be one that may be answered twice.</summary>
    /// <exception cref="TimeoutRejectedException">None answered in time.</exception>
    public Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken = default) =>
        _untilAnswered.ExecuteAsync(
            async token => await ask().WaitAsync(token), cancellationToken).AsTask();

    /// <summary>As <see cref="AskAsync"/>, for what may take long to answer: only the number of tries is bounded.</summary>
    public ValueTask<T> AskPatientlyAsync<T>(Func<ValueTask<T>> ask, CancellationToken cancellationToken) =>
        _patiently.ExecuteAsync(async _ => await ask(), cancellationToken);

    /// <summary>Asks a key's grain to settle a call until it has, or says why not. A silo that is frozen is not waited for to the end.</summary>
    /// <exception cref="TimeoutRejectedException">None settled it in time.</exception>
    public Task<SettleResult> SettleAsync(IKeyGrain key, Settlement settlement) =>
        AskAsync(() => key.SettleAsync(settlement).WaitAsync(_settleTime, _time));

    /// <summary>
    /// Asks a key's grain for a hold until it decides, at first on this thread if it is in this process. A request's hold is made once,
    /// however often it is asked for.
    /// </summary>
    /// <exception cref="OperationCanceledException">None decided in time.</exception>
    public ValueTask<ReserveAnswer> ReserveAsync(IKeyGrain key, ILocalKey? local, ReserveRequest request)
    {
        var asked = _time.GetTimestamp();
        return local?.TryReserve(request) is not { } decision ? ReserveThereAsync(key, request, tries: 1)
            : AnswerOf(decision, asked) is { } decided ? ValueTask.FromResult(decided)
            : ReserveThereAsync(key, request, tries: 2);
    }

    private async ValueTask<ReserveAnswer> ReserveThereAsync(IKeyGrain key, ReserveRequest request, int tries)
    {
        var deadline = _reserveTime.Begin();
        var first = ReserveOnceAsync(key, request);
        try
        {
            // Nearly every call: the pipeline of retries would cost more than the grain.
            var answer = await first;
            if (!IsOwnerChanging(answer))
            {
                return answer with { Tries = tries };
            }
        }
        catch (Exception e) when (IsPassing(e))
        {
            // It is asked again.
        }

        Task<ReserveAnswer>? pending = first;
        return await _untilDecided.ExecuteAsync(
            async _ =>
            {
                // The outcome that is known already is the first one that the pipeline sees.
                var outcome = Interlocked.Exchange(ref pending, null);
                if (outcome is null)
                {
                    tries++;
                    outcome = ReserveOnceAsync(key, request);
                }

                return await outcome with { Tries = tries };
            },
            deadline);
    }

    private async Task<ReserveAnswer> ReserveOnceAsync(IKeyGrain key, ReserveRequest request)
    {
        var asked = _time.GetTimestamp();
        var deadline = _tryTime.Begin();
        try
        {
            var decision = await key.ReserveAsync(request).AsTask().WaitAsync(deadline);

            return AnswerOf(decision, asked) ?? throw new TimeoutException("The answer is too old.");
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException("No grain answered in time.", e);
        }
    }

    /// <summary>The decision, or null when it is too old: of a process that was frozen, a timer may go off after the answer was read.</summary>
    private ReserveAnswer? AnswerOf(AdmissionDecision decision, long asked)
    {
        var took = _time.GetElapsedTime(asked);
        return took <= _tryTimeMax ? new ReserveAnswer(decision, Tries: 1, IsLate: took > _lateAfter) : null;
    }

    private static bool IsOwnerChanging(ReserveAnswer? answer) => answer?.Decision.Refusal?.Kind == RefusalKind.OwnerChanging;

    private static RetryStrategyOptions WhilePassing(int retriesMax) => new()
    {
        ShouldHandle = static arguments => ValueTask.FromResult(IsPassing(arguments.Outcome.Exception)),
        MaxRetryAttempts = retriesMax,
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromMilliseconds(50),
        MaxDelay = PauseMax,
        UseJitter = true,
    };

    /// <summary>Whether a failure passes by itself when the cluster has settled.</summary>
    private static bool IsPassing(Exception? failure) => failure is TimeoutRejectedException || PassingFailure.Is(failure);
}
