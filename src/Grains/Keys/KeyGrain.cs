using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Storage;
using Relay.Grains.Admission;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <inheritdoc cref="IKeyGrain" />
/// <remarks>
/// Reentrant, so that many settles share one commit. Whatever waits for the ledger about one call is a <see cref="CallStep"/>,
/// and a call has one at a time; whatever else changes the book does so in one step, without awaiting.
/// </remarks>
[Reentrant]
internal sealed partial class KeyGrain(
    [PersistentState("apikey-usage-v1", "usage")] IPersistentState<KeyState> snapshot,
    IKeyDirectory directory,
    IUsageLedger ledger,
    LedgerWriter writer,
    IOptions<QuotaOptions> options,
    TimeProvider time,
    ILogger<KeyGrain> logger) : Grain, IKeyGrain
{
    // A frontend's death expires all its calls at once; each asks the ledger a question.
    private const int ExpiriesAtOnce = 64;

    private static readonly Refusal UnknownKey = new() { Kind = RefusalKind.UnknownKey };
    private static readonly Refusal Overloaded = new() { Kind = RefusalKind.Overloaded };

    private readonly KeyLedger _keyLedger = writer.Open();
    private readonly Dictionary<Guid, CallStep> _steps = [];
    private readonly long _monotonicStart = time.GetTimestamp();
    private QuotaBook _book = null!;
    private KeySettings? _settings;
    private Task _saving = Task.CompletedTask;
    private IGrainTimer? _expiryTimer;
    private bool _steppedDown;

    private string Id => KeyId.FromGrainKey(this.GetPrimaryKeyString());

    private Instant Now => new(time.GetUtcNow(), time.GetElapsedTime(_monotonicStart));

    private TimeSpan HoldTimeout => TimeSpan.FromSeconds(options.Value.HoldTimeoutSeconds);

    /// <inheritdoc />
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _book = new QuotaBook(
            TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone), HoldTimeout, snapshot.State.Book);
        if (await directory.FindAsync(Id, cancellationToken) is not { } settings)
        {
            return;
        }

        foreach (var entry in await ledger.ReadTailAsync(Id, _book.CommittedSequence, cancellationToken))
        {
            _book.Apply(entry);
        }

        Take(settings);
    }

    /// <inheritdoc />
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // Best effort: the next activation needs none of it.
        try
        {
            await Task.WhenAll([.. _steps.Values.Select(static step => step.Done), _saving]).WaitAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            LogPutAwayEarly(logger, exception, Id);
        }

        if (_book is not null && _book.CommittedSequence > snapshot.State.Book.Sequence && !cancellationToken.IsCancellationRequested)
        {
            await SaveAsync();
        }
    }

    /// <inheritdoc />
    public async Task CreateAsync(KeySettings settings)
    {
        if (!string.Equals(settings.Id, Id, StringComparison.Ordinal))
        {
            throw new ArgumentException($"The settings are of {settings.Id}, not of {Id}.", nameof(settings));
        }

        ThrowIfSteppedDown();
        if (_settings is not null)
        {
            throw new InvalidOperationException($"There is a key {Id} already.");
        }

        try
        {
            await directory.InsertAsync(settings, CancellationToken.None);
        }
        catch (Exception exception)
        {
            StepDown(exception);
            throw;
        }

        Take(settings);
    }

    /// <inheritdoc />
    public Task<KeyInfo?> GetAsync() =>
        Task.FromResult(FindSettings() is { } settings ? new KeyInfo(settings, _book.LastUsedAt) : null);

    /// <inheritdoc />
    public async Task<bool> RevokeAsync()
    {
        ThrowIfSteppedDown();
        if (FindSettings() is null)
        {
            return false;
        }

        var revokedAt = time.GetUtcNow();
        try
        {
            await directory.RevokeAsync(Id, revokedAt, CancellationToken.None);
        }
        catch (Exception exception)
        {
            StepDown(exception);
            throw;
        }

        if (_settings is { RevokedAt: null } active)
        {
            _settings = active with { RevokedAt = revokedAt };
        }

        return true;
    }

    /// <inheritdoc />
    public ValueTask<KeyAccess> AuthenticateAsync(KeyHash hash)
    {
        ThrowIfSteppedDown();
        var settings = Authenticate(hash);
        return ValueTask.FromResult(settings is null
            ? new KeyAccess(KeyStatus.Unknown, [])
            : new KeyAccess(settings.StatusAt(time.GetUtcNow()), settings.Models));
    }

    /// <inheritdoc />
    public ValueTask<AdmissionDecision> ReserveAsync(ReserveRequest request) => ValueTask.FromResult(Reserve(request));

    /// <inheritdoc />
    public async ValueTask RenewAsync(ImmutableArray<HoldRenewal> renewals)
    {
        foreach (var renewal in renewals)
        {
            ThrowIfSteppedDown();
            if (FindSettings() is null)
            {
                return;
            }

            // A step that runs either ends the call or rebuilds its hold.
            var requestId = renewal.Hold.RequestId;
            if (!_book.Renew(renewal, Now) && !_steps.ContainsKey(requestId))
            {
                await RunStepAsync(requestId, CallStepKind.Rebuild, () => RebuildAsync(renewal));
            }
        }
    }

    /// <inheritdoc />
    public async Task<SettleResult> SettleAsync(Settlement settlement)
    {
        var requestId = settlement.Call.RequestId;
        while (_steps.TryGetValue(requestId, out var step))
        {
            await step.Done;
            if (step.Kind == CallStepKind.Settle)
            {
                return SettleResult.Settled;
            }
        }

        ThrowIfSteppedDown();
        if (FindSettings() is not { } settings)
        {
            return SettleResult.UnknownKey;
        }

        // Refused before the book has changed, so that the hold stays for the frontend's retry.
        if (writer.IsFull)
        {
            throw new InvalidOperationException("The silo takes no more usage entries: its queue is full.");
        }

        await RunStepAsync(
            requestId,
            CallStepKind.Settle,
            () => _book.Find(requestId) is null
                ? SettleUnknownAsync(settlement)
                : CommitAsync(UsageEntryDraft.First(settings, settlement)));
        return SettleResult.Settled;
    }

    /// <inheritdoc />
    public async ValueTask ReleaseAsync(Guid requestId)
    {
        while (_steps.TryGetValue(requestId, out var step))
        {
            await step.Done;
        }

        _book.Release(requestId);
    }

    /// <inheritdoc />
    public Task<KeyUsage?> GetUsageAsync() =>
        Task.FromResult(FindSettings() is null ? null : _book.Usage(Now));

    private void Take(KeySettings settings)
    {
        _settings = settings;
        _book.Limits = settings.Limits;
    }

    /// <summary>The settings; an activation without any goes away soon, so that guessed ids do not fill the memory.</summary>
    private KeySettings? FindSettings()
    {
        if (_settings is null)
        {
            DeactivateOnIdle();
        }

        return _settings;
    }

    /// <summary>A wrong secret must look as an unknown key does.</summary>
    private KeySettings? Authenticate(KeyHash hash) =>
        FindSettings() is { } settings && settings.Hash == hash ? settings : null;

    private AdmissionDecision Reserve(ReserveRequest request)
    {
        if (_steppedDown)
        {
            return new AdmissionDecision { Refusal = Overloaded };
        }

        if (Authenticate(request.KeyHash) is not { } settings)
        {
            return new AdmissionDecision { Refusal = UnknownKey };
        }

        var now = Now;
        if (FindRefusal(settings, request, now) is { } refusal)
        {
            return new AdmissionDecision { Refusal = refusal, User = settings.User };
        }

        var reservation = _book.Reserve(
            request.RequestId,
            request.Endpoint,
            request.Model,
            request.InputTokensEstimated,
            request.OutputTokensMax,
            request.Choices,
            now);
        if (reservation.Hold is not null)
        {
            WatchDeadlines();
        }

        return new AdmissionDecision
        {
            Refusal = reservation.Refusal,
            User = settings.User,
            ReservedAt = reservation.Hold?.Call.ReservedAt ?? default,
            OutputTokensHeld = reservation.Hold?.Call.OutputTokensHeld ?? 0,
            Requests = _book.RateLimit(Metric.Requests, request.Model, now),
            Tokens = _book.RateLimit(Metric.Tokens, request.Model, now),
        };
    }

    /// <summary>What refuses a known caller before any limit is looked at.</summary>
    private Refusal? FindRefusal(KeySettings settings, ReserveRequest request, Instant now)
    {
        var status = settings.StatusAt(now.Wall);
        if (status != KeyStatus.Active)
        {
            return new Refusal { Kind = status == KeyStatus.Revoked ? RefusalKind.RevokedKey : RefusalKind.ExpiredKey };
        }

        if (!settings.Models.IsEmpty && !settings.Models.Any(pattern => ModelPattern.Matches(pattern, request.Model)))
        {
            return new Refusal { Kind = RefusalKind.ModelNotAllowed };
        }

        // A reserve that comes again while its call is being settled must not hold for it once more.
        return writer.IsCrowded || _steps.ContainsKey(request.RequestId) ? Overloaded : null;
    }

    /// <summary>Settles a call without a hold: an activation before this one held it, it expired, or it is settled. Only the ledger knows.</summary>
    private async Task SettleUnknownAsync(Settlement settlement)
    {
        var entries = await ledger.FindAsync(settlement.Call.RequestId, CancellationToken.None);
        ThrowIfSteppedDown();
        if (entries.Count == 0)
        {
            await CommitAsync(UsageEntryDraft.First(_settings!, settlement));
        }
        else if (entries is [{ Settlement.Outcome: Outcome.Expired } expired])
        {
            await CommitAsync(UsageEntryDraft.Difference(expired, settlement));
        }
    }

    /// <summary>Makes the hold of a running call anew, unless the call was settled: that one must stay dead.</summary>
    private async Task RebuildAsync(HoldRenewal renewal)
    {
        var entries = await ledger.FindAsync(renewal.Hold.RequestId, CancellationToken.None);
        ThrowIfSteppedDown();
        if (entries.Count == 0 && _book.Rebuild(renewal, Now))
        {
            WatchDeadlines();
        }
    }

    /// <summary>Counts a call whose frontend fell silent, unless it was settled or renewed meanwhile.</summary>
    private async Task ExpireAsync(Guid requestId)
    {
        // A reserve that arrived again after its settle holds for a call that is over.
        var entries = await ledger.FindAsync(requestId, CancellationToken.None);
        ThrowIfSteppedDown();
        if (entries.Count > 0)
        {
            _book.Release(requestId);
            return;
        }

        if (_book.Find(requestId) is { } hold && hold.Deadline <= Now.Monotonic)
        {
            LogExpired(logger, requestId, Id);
            await CommitAsync(UsageEntryDraft.Expired(_settings!, hold, time.GetUtcNow()));
        }
    }

    /// <summary>The ledger first; the totals follow. No caller can cancel it.</summary>
    private async Task CommitAsync(UsageEntry draft)
    {
        var entry = _book.BeginSettle(draft, Now);
        try
        {
            await _keyLedger.AppendAsync(entry);
        }
        catch (Exception exception)
        {
            StepDown(exception);
            throw;
        }

        _book.Commit(entry.Sequence);
        if (_saving.IsCompleted && _book.CommittedSequence - snapshot.State.Book.Sequence >= options.Value.SnapshotEvery)
        {
            _saving = SaveAsync();
        }
    }

    /// <summary>Runs the only step of a call. The step is forgotten before those who wait for it go on.</summary>
    private async Task RunStepAsync(Guid requestId, CallStepKind kind, Func<Task> step)
    {
        var done = new TaskCompletionSource();
        _steps.Add(requestId, new CallStep(kind, done.Task));
        try
        {
            await step();
            _steps.Remove(requestId);
            done.SetResult();
        }
        catch (Exception exception)
        {
            _steps.Remove(requestId);
            done.SetException(exception);

            // Nobody else may be waiting; the caller has it anyway.
            _ = done.Task.Exception;
            throw;
        }
    }

    /// <summary>Wakes this grain at the next deadline. A later hold's deadline is later, so that a running timer stays right.</summary>
    private void WatchDeadlines()
    {
        _expiryTimer ??= this.RegisterGrainTimer(
            ExpireAllAsync,
            new GrainTimerCreationOptions
            {
                DueTime = UntilNextDeadline(),
                Period = Timeout.InfiniteTimeSpan,
                Interleave = true,
                KeepAlive = true,
            });
    }

    /// <summary>Not longer than a silo keeps an idle grain, which must not lose its holds; and no hurry for holds that could not be written.</summary>
    private TimeSpan UntilNextDeadline() => TimeSpan.FromTicks(Math.Clamp(
        (_book.NextDeadline - Now.Monotonic)?.Ticks ?? 0, TimeSpan.TicksPerSecond, 5 * TimeSpan.TicksPerMinute));

    private async Task ExpireAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var holds in _book.Expired(Now).Chunk(ExpiriesAtOnce))
            {
                await Task.WhenAll(holds
                    .Select(static hold => hold.Call.RequestId)
                    .Where(requestId => !_steps.ContainsKey(requestId) && !_steppedDown && !writer.IsFull)
                    .Select(requestId => RunStepAsync(requestId, CallStepKind.Expire, () => ExpireAsync(requestId))));
            }
        }
        catch (Exception exception)
        {
            LogExpiryFailed(logger, exception, Id);
        }

        if (_book.HoldCount == 0)
        {
            _expiryTimer?.Dispose();
            _expiryTimer = null;
        }
        else
        {
            _expiryTimer?.Change(UntilNextDeadline(), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Saves a copy of the committed counts; one at a time. Storage reads it on other threads than this grain's.</summary>
    private async Task SaveAsync()
    {
        var saved = snapshot.State;
        try
        {
            snapshot.State = new KeyState { Book = _book.ToSnapshot() };
            await snapshot.WriteStateAsync();
        }
        catch (InconsistentStateException exception)
        {
            StepDown(exception);
        }
        catch (Exception exception)
        {
            snapshot.State = saved;
            LogSnapshotFailed(logger, exception, Id);
        }
    }

    /// <summary>Ends this activation: what it believes may differ from the ledger or the directory, and the next one reads both.</summary>
    private void StepDown(Exception exception)
    {
        if (!_steppedDown)
        {
            _steppedDown = true;
            LogStepsDown(logger, exception, Id);
            DeactivateOnIdle();
        }
    }

    private void ThrowIfSteppedDown()
    {
        if (_steppedDown)
        {
            throw new InvalidOperationException($"The grain of {Id} is starting anew; the same call may be tried again.");
        }
    }
}
