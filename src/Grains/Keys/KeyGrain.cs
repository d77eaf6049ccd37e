using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Storage;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <inheritdoc cref="IKeyGrain" />
/// <remarks>Reentrant, so that many settles share one commit; <see cref="KeyCalls"/> and the book say how that stays right.</remarks>
[Reentrant]
internal sealed partial class KeyGrain(
    [PersistentState(StoredSnapshot.StateName, StoredSnapshot.StorageName)] IPersistentState<KeyState> snapshot,
    IKeyDirectory directory,
    IUsageLedger ledger,
    LedgerWriter writer,
    OwnerLease lease,
    SiloHierarchy hierarchy,
    AllotmentWriter allotments,
    ILimitWarnings limitWarnings,
    CurrentPrices prices,
    LocalKeys local,
    IOptions<QuotaOptions> options,
    TimeProvider time,
    ILogger<KeyGrain> logger) : Grain, IKeyGrain
{
    private static readonly Refusal UnknownKey = new() { Kind = RefusalKind.UnknownKey };
    private static readonly Refusal Overloaded = new() { Kind = RefusalKind.Overloaded };
    private static readonly Refusal OwnerChanging = new() { Kind = RefusalKind.OwnerChanging };

    private readonly long _monotonicStart = time.GetTimestamp();
    private QuotaBook _book = null!;
    private KeyCalls _calls = null!;
    private KeySettings? _settings;
    private KeyOwner? _owner;
    private KeyGate? _gate;
    private KeyRooms? _rooms;
    private KeyWarnings _warnings = null!;
    private Task _saving = Task.CompletedTask;
    private long _savedSequence;
    private TimeSpan? _savedAt;
    private IGrainTimer? _expiryTimer;

    private string Id => KeyId.FromGrainKey(this.GetPrimaryKeyString());

    private Instant Now => new(time.GetUtcNow(), time.GetElapsedTime(_monotonicStart));

    private TimeSpan HoldTimeout => TimeSpan.FromSeconds(options.Value.HoldTimeoutSeconds);

    /// <inheritdoc />
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _turns = new KeyTurns(TaskScheduler.Current);

        // Where this activation moves when its silo stops, the next one reads the snapshot itself, which need not cross with it.
        GrainContext.ObservableLifecycle.RemoveMigrationParticipant((IGrainMigrationParticipant)snapshot);
        var isKnown = await directory.FindAsync(Id, cancellationToken) is not null;
        var claimed = default(ClaimedKey);
        if (isKnown)
        {
            (_owner, claimed) = await lease.ClaimAsync(Id, cancellationToken);
        }

        var start = isKnown
            ? await KeyStart.ReadAsync(snapshot.State.Book, ledger, Id, cancellationToken)
            : new KeyStart(snapshot.State.Book, []);
        _savedSequence = snapshot.State.Book.Sequence;
        _book = new QuotaBook(TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone), HoldTimeout, start.State, () => prices.Book);
        _warnings = new KeyWarnings(Id, _book, limitWarnings);
        _calls = new KeyCalls(_book, ledger, writer, prices, () => Now, logger)
        {
            KeyId = Id,
            SteppedDown = EndActivation,
            Committed = WhenCommitted,
        };
        if (claimed is null)
        {
            BeLocal();
            return;
        }

        BeOwner(_owner!, claimed.Previous);
        foreach (var entry in start.Tail)
        {
            _book.Apply(entry);
        }

        TakeOver(claimed.Holds, start.Tail);

        // Again: the owner before may have changed them until the claim.
        Take((await directory.FindAsync(Id, cancellationToken))!);
        _warnings.Begin(Now);
        BeLocal();
    }

    /// <inheritdoc />
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _turns?.RunAsync(() => EndAsync(cancellationToken)) ?? Task.CompletedTask;

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        BeLocalNoMore();

        // Best effort: the next activation needs none of it.
        try
        {
            await Task.WhenAll(_calls?.Settled ?? Task.CompletedTask, _saving).WaitAsync(cancellationToken);
        }
        catch (Exception exception)
        {
            LogPutAwayEarly(logger, exception, Id);
        }

        if (_book is not null && _book.CommittedSequence > _savedSequence && !cancellationToken.IsCancellationRequested)
        {
            await SaveAsync();
        }

        await GiveBackAsync(cancellationToken);
        if (_owner is not null)
        {
            await lease.ReleaseAsync(_owner, _calls!.HandOver(), cancellationToken);
        }
    }

    /// <inheritdoc />
    public Task<KeyInfo?> GetAsync() =>
        Task.FromResult(FindSettings() is { } settings ? new KeyInfo(settings, _book.LastUsedAt) : null);

    /// <inheritdoc />
    public ValueTask<KeyAccess> AuthenticateAsync(KeyHash hash)
    {
        ThrowIfStale();
        if (_owner?.Wait is not null)
        {
            throw new OwnerChangingException("The key's owner is changing; the same call may be tried again.");
        }

        var settings = Authenticate(hash);
        return ValueTask.FromResult(settings is null
            ? new KeyAccess(KeyStatus.Unknown, [])
            : new KeyAccess(settings.StatusAt(time.GetUtcNow()), settings.Models));
    }

    /// <inheritdoc />
    public async ValueTask<AdmissionDecision> ReserveAsync(ReserveRequest request)
    {
        if (_gate is { } gate)
        {
            await gate.PrepareAsync();
        }

        var (decision, shortages) = Decide(request, recalled: null);
        return shortages.IsEmpty ? decision : await ReserveWithRoomAsync(request, shortages);
    }

    /// <inheritdoc />
    public async ValueTask RenewAsync(ImmutableArray<HoldRenewal> renewals)
    {
        ThrowIfStale();
        if (FindSettings() is null)
        {
            return;
        }

        if (await _calls.RenewAsync(renewals))
        {
            WatchDeadlines();
        }

        TellUsed(Now);
    }

    /// <inheritdoc />
    public async Task<SettleResult> SettleAsync(Settlement settlement)
    {
        ThrowIfStale();
        if (FindSettings() is not { } settings)
        {
            return SettleResult.UnknownKey;
        }

        return await _calls.SettleAsync(settings, settlement);
    }

    /// <inheritdoc />
    public async ValueTask ReleaseAsync(Guid requestId)
    {
        ThrowIfStale();
        if (FindSettings() is not null)
        {
            await _calls.ReleaseAsync(requestId);
        }
    }

    /// <inheritdoc />
    public Task<KeyUsage?> GetUsageAsync() =>
        Task.FromResult(FindSettings() is null ? null : _book.Usage(Now));

    /// <inheritdoc />
    public Task<KeyPosition?> GetPositionAsync() =>
        Task.FromResult(FindSettings() is null ? null : _calls.GetPosition() with { Windows = CountedWindows.Of(_book.ToSnapshot()) });

    /// <inheritdoc />
    public async Task<KeyPosition?> GetSnapshotAsync() =>
        FindSettings() is null ? null : await StoredSnapshot.ReadAsync(ServiceProvider, this.GetGrainId());

    /// <inheritdoc />
    public async Task<RepricedCalls?> RepriceAsync(Repricing repricing)
    {
        ThrowIfStale();
        return FindSettings() is null ? null : await _calls.RepriceAsync(repricing);
    }

    /// <inheritdoc />
    public async Task<long> SaveSnapshotAsync()
    {
        if (FindSettings() is null)
        {
            return 0;
        }

        ThrowIfStale();
        while (!_saving.IsCompleted)
        {
            await _saving;
        }

        if (_book.CommittedSequence > _savedSequence)
        {
            await (_saving = SaveAsync());
        }

        // Read back: only what is surely there may be relied on.
        return (await GetSnapshotAsync())?.Sequence ?? 0;
    }

    /// <summary>Holds for the calls that the owner before has told of, but for those that the ledger shows to be over.</summary>
    private void TakeOver(ImmutableArray<HoldRenewal> holds, IReadOnlyList<UsageEntry> tail)
    {
        var settled = tail.Select(static entry => entry.Settlement.Call.RequestId).ToHashSet();
        foreach (var hold in holds.Where(hold => !settled.Contains(hold.Hold.RequestId)))
        {
            _book.Rebuild(hold, Now);
        }

        if (_book.HoldCount > 0)
        {
            WatchDeadlines();
        }
    }

    /// <summary>Sends the caller to the next activation when this one ends or no longer owns the key.</summary>
    private void ThrowIfStale()
    {
        StepDownIfLost();
        _calls.ThrowIfSteppedDown();
    }

    private void StepDownIfLost()
    {
        if (_owner is { IsLost: true } owner)
        {
            _calls.StepDown(new ClaimLostException(owner.Claim));
        }
    }

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
        FindSettings() is { } settings && settings.Takes(hash, time.GetUtcNow()) ? settings : null;

    /// <summary>Decides in one step. When something is short, there is no decision yet.</summary>
    private (AdmissionDecision Decision, ImmutableArray<RoomShortage> Shortages) Decide(
        ReserveRequest request, IReadOnlyDictionary<LimitKey, RecalledRoom>? recalled)
    {
        if (FindSettings() is not null && _gate!.IsShut)
        {
            return (new AdmissionDecision { Refusal = OwnerChanging with { RetryAfter = _gate.Wait } }, []);
        }

        // In this order: a lease that was renewed after the key was lost looks good only when it shows the loss too.
        StepDownIfLost();
        if (_calls.IsSteppedDown)
        {
            return (new AdmissionDecision { Refusal = OwnerChanging }, []);
        }

        if (Authenticate(request.KeyHash) is not { } settings)
        {
            return (new AdmissionDecision { Refusal = UnknownKey }, []);
        }

        var now = Now;
        var path = hierarchy.Current.PathOf(settings.User);
        if (FindRefusal(settings, path, request, now) is { } refusal)
        {
            return (new AdmissionDecision { Refusal = refusal, User = settings.User, Team = path.Owner.Team }, []);
        }

        var reservation = _book.Reserve(
            request.RequestId,
            request.Endpoint,
            request.Model,
            request.InputTokensEstimated,
            request.OutputTokensMax,
            request.Choices,
            now,
            path,
            recalled);
        if (!reservation.Shortages.IsEmpty)
        {
            return (new AdmissionDecision(), reservation.Shortages);
        }

        if (reservation.Hold is not null)
        {
            WatchDeadlines();
        }

        if (!reservation.RunningOut.IsEmpty)
        {
            AskAhead(reservation.RunningOut);
        }

        foreach (var observed in reservation.Observed)
        {
            LogWouldRefuse(logger, request.RequestId, Id, observed.Limit);
        }

        var decision = new AdmissionDecision
        {
            Refusal = reservation.Refusal,
            User = settings.User,
            Team = path.Owner.Team,
            ReservedAt = reservation.Hold?.Call.ReservedAt ?? default,
            OutputTokensHeld = reservation.Hold?.Call.OutputTokensHeld ?? 0,
            OutputTokensCap = reservation.Hold?.OutputTokensCap,
            Requests = _book.RateLimit(Metric.Requests, request.Model, now, path),
            Tokens = _book.RateLimit(Metric.Tokens, request.Model, now, path),
        };
        return (decision, []);
    }

    /// <summary>What refuses a known caller before any limit is looked at.</summary>
    private Refusal? FindRefusal(KeySettings settings, AccountPath path, ReserveRequest request, Instant now)
    {
        var status = settings.StatusAt(now.Wall);
        if (status != KeyStatus.Active)
        {
            return new Refusal { Kind = status == KeyStatus.Revoked ? RefusalKind.RevokedKey : RefusalKind.ExpiredKey };
        }

        if (path.Suspended is { } suspended)
        {
            return new Refusal { Kind = RefusalKind.Suspended, Account = suspended };
        }

        if (!ModelPattern.Allow(settings.Models, request.Model))
        {
            return new Refusal { Kind = RefusalKind.ModelNotAllowed };
        }

        // A reserve that comes again while its call is being settled, or after its release, must not hold for it once more.
        return writer.IsCrowded || _calls.IsBusy(request.RequestId) || _calls.IsReleased(request.RequestId, now) ? Overloaded : null;
    }

    /// <summary>Wakes this grain at the next deadline. A later hold's deadline is later, so that a running timer stays right.</summary>
    private void WatchDeadlines()
    {
        _expiryTimer ??= this.RegisterGrainTimer(
            cancellationToken => _turns.RunAsync(() => ExpireAllAsync(cancellationToken)),
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
            // One that has lost its key, or cannot know, has not heard what the frontends have told of these calls since.
            StepDownIfLost();
            if (_owner!.HearsOfCalls)
            {
                await _calls.ExpireAsync(_settings!);
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

    private void WhenCommitted()
    {
        var now = Now;
        SaveNowAndThen(now);
        TellUsed(now);
        _warnings.Look(now);
    }

    private void SaveNowAndThen(Instant now)
    {
        if (_saving.IsCompleted
            && _book.CommittedSequence - _savedSequence >= options.Value.SnapshotEvery
            && (_savedAt is null || now.Monotonic - _savedAt >= TimeSpan.FromSeconds(options.Value.SnapshotSeconds)))
        {
            _savedAt = now.Monotonic;
            _saving = _turns.RunAsync(SaveAsync);
        }
    }

    /// <summary>Saves a copy of the committed counts; one at a time. Storage reads it on other threads than this grain's.</summary>
    private async Task SaveAsync()
    {
        if (_calls.TakeSnapshot() is not { } book)
        {
            return;
        }

        var saved = snapshot.State;
        try
        {
            snapshot.State = new KeyState { Book = book };
            await snapshot.WriteStateAsync();
            _savedSequence = book.Sequence;
        }
        catch (InconsistentStateException exception)
        {
            // The owner before saved after this activation had read. Both copies follow from the ledger; this one is saved next time.
            snapshot.State = saved;
            LogSnapshotFailed(logger, exception, Id);
            await ReadSnapshotAgainAsync();
        }
        catch (Exception exception)
        {
            snapshot.State = saved;
            LogSnapshotFailed(logger, exception, Id);
        }
    }

    private async Task ReadSnapshotAgainAsync()
    {
        try
        {
            await snapshot.ReadStateAsync();
            _savedSequence = snapshot.State.Book.Sequence;
        }
        catch (Exception exception)
        {
            LogSnapshotFailed(logger, exception, Id);
        }
    }

    private void EndActivation(Exception reason)
    {
        LogStepsDown(logger, reason, Id);
        _ = _turns.RunAsync(() =>
        {
            DeactivateOnIdle();
            return Task.CompletedTask;
        });
    }
}
