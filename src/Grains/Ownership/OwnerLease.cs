using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Grains.Admission;

namespace Relay.Grains.Ownership;

/// <summary>
/// A silo's leave to admit calls. The silo asks the database again and again whether anyone has claimed a key of its own, and
/// believes the answer for <see cref="OwnershipOptions.Lease"/> from when it asked, by its monotonic clock. So a silo that is cut off,
/// frozen or declared dead stops to admit by itself, and a new owner knows when.
/// </summary>
internal sealed partial class OwnerLease : ILifecycleParticipant<ISiloLifecycle>, IAsyncDisposable
{
    private readonly IKeyOwners _owners;
    private readonly OwnershipOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<OwnerLease> _logger;
    private readonly bool _isOnlySilo;
    private readonly Func<CancellationToken, Task> _learn;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Title> _titles = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private IReadOnlyList<KeyClaim> _known = [];
    private Task _renewing = Task.CompletedTask;
    private long _generation;
    private long _goodUntil;
    private long _goodSince;
    private bool _isDisposed;

    /// <summary>Makes the lease of a silo that starts: it is good once it was renewed.</summary>
    /// <param name="owners">Where claims and leases are kept.</param>
    /// <param name="options">How long a lease is good.</param>
    /// <param name="kind">Whether there can be other silos.</param>
    /// <param name="learn">Reads anew from the database what a silo must know to admit calls; no renewal counts before it has.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public OwnerLease(
        IKeyOwners owners,
        IOptions<OwnershipOptions> options,
        SiloKind kind,
        Func<CancellationToken, Task> learn,
        TimeProvider time,
        ILogger<OwnerLease> logger)
    {
        _owners = owners;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _learn = learn;
        _isOnlySilo = kind == SiloKind.Only;
    }

    /// <summary>The silo's id, of this life of its process.</summary>
    public string Silo { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Whether this silo may admit calls now.</summary>
    public bool IsGood => _isOnlySilo || _time.GetTimestamp() < Volatile.Read(ref _goodUntil);

    /// <summary>Whether the lease is good, and was for so long that every frontend has told of its running calls.</summary>
    public bool HearsOfCalls =>
        _isOnlySilo || (IsGood && _time.GetElapsedTime(Volatile.Read(ref _goodSince)) >= _options.Renewal);

    /// <summary>After how long a lapsed lease may be good again.</summary>
    public TimeSpan Pause => _options.Lease / 4;

    /// <summary>Claims a key for an activation of this silo, which has one at a time.</summary>
    public async Task<(KeyOwner Owner, ClaimedKey Claimed)> ClaimAsync(string keyId, CancellationToken cancellationToken)
    {
        // Before the claim is made, since it can be lost before its outcome is known here.
        var title = new Title();
        Title? before;
        lock (_lock)
        {
            before = _titles.GetValueOrDefault(keyId);
            _titles[keyId] = title;

            // It has ended, or it would not be claimed anew; whatever of it may still run must not take itself for the owner.
            before?.Owner?.Lose();
        }

        // If this fails, it is unknown whether the claim was made, and from whom; the title without an owner that stays says so.
        var claimed = await _owners.ClaimAsync(keyId, Silo, cancellationToken);
        var now = _time.GetTimestamp();
        var admitsFrom = claimed.Previous switch
        {
            PreviousOwner.HandedOver => now,

            // An earlier activation here may itself have waited for another silo's to stop.
            PreviousOwner.Stopped when before is null or { Owner: not null } =>
                Math.Max(now + Ticks(_options.Renewal), before?.Owner?.AdmitsFrom ?? 0),
            _ => now + Ticks(_options.Lease + _options.Renewal),
        };
        var owner = new KeyOwner(claimed.Claim, this, admitsFrom, _time);
        lock (_lock)
        {
            title.Owner = owner;
            if (title.IsLost(claimed.Claim))
            {
                owner.Lose();
            }
        }

        return (owner, claimed);
    }

    /// <summary>Gives a key up; see <see cref="IKeyOwners.ReleaseAsync"/>. Never throws: the next owner waits a little longer then.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the database's driver throws costs no more than that wait.")]
    public async Task ReleaseAsync(KeyOwner owner, ImmutableArray<HoldRenewal>? holds, CancellationToken cancellationToken)
    {
        // Who has not admitted yet cannot say that those before have stopped.
        if (_time.GetTimestamp() < owner.AdmitsFrom)
        {
            return;
        }

        lock (_lock)
        {
            if (_titles.TryGetValue(owner.Claim.KeyId, out var title) && title.Owner == owner)
            {
                _titles.Remove(owner.Claim.KeyId);
            }
        }

        if (owner.IsLost)
        {
            return;
        }

        try
        {
            await _owners.ReleaseAsync(owner.Claim, holds, cancellationToken);
        }
        catch (Exception exception)
        {
            LogNotReleased(exception, owner.Claim.KeyId);
        }
    }

    /// <summary>
    /// Ends when what was in the database before is known to every silo that admits calls. Whoever admits has renewed its lease within
    /// <see cref="OwnershipOptions.Lease"/>, and has read anew after it had asked for that. The only silo must read by itself.
    /// </summary>
    public async Task WaitUntilLearntAsync(CancellationToken cancellationToken)
    {
        var begun = _time.GetTimestamp();
        while (!_isOnlySilo && _options.Lease - _time.GetElapsedTime(begun) is { Ticks: > 0 } left)
        {
            await Task.Delay(left, _time, cancellationToken);
        }
    }

    /// <inheritdoc />
    public void Participate(ISiloLifecycle lifecycle)
    {
        // Before there are grains, and after the last has ended.
        if (_isOnlySilo)
        {
            lifecycle.Subscribe(nameof(OwnerLease), ServiceLifecycleStage.RuntimeServices, _learn);
        }
        else
        {
            lifecycle.Subscribe(nameof(OwnerLease), ServiceLifecycleStage.RuntimeServices, StartAsync, StopAsync);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        // The container disposes of it once for each of its registrations.
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _stopping.CancelAsync();
        await _renewing;
        _stopping.Dispose();
    }

    /// <summary>Renews the lease once, and tells the activations that have lost their keys.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        // Before the question: a claim that the answer does not show was made after this.
        var asked = _time.GetTimestamp();
        long generation;
        IReadOnlyList<KeyClaim> known;
        lock (_lock)
        {
            (generation, known) = (_generation, _known);
        }

        var lost = await _owners.RenewLeaseAsync(Silo, generation, known, cancellationToken);
        await _learn(cancellationToken);
        lock (_lock)
        {
            if (lost is null)
            {
                // Not before this is known here: a renewal whose answer was lost must begin the same lease anew.
                _generation = Math.Max(_generation, generation + 1);
                LogAnew(_titles.Count);
                foreach (var title in _titles.Values)
                {
                    Lose(title, claim: null);
                }
            }
            else
            {
                foreach (var claim in lost)
                {
                    if (_titles.TryGetValue(claim.KeyId, out var title))
                    {
                        Lose(title, claim);
                    }
                }
            }

            // Last: until here nobody may take a lost key for an owned one because of this lease.
            _known = lost ?? [];
            if (!IsGood)
            {
                Volatile.Write(ref _goodSince, _time.GetTimestamp());
            }

            Volatile.Write(ref _goodUntil, Math.Max(_goodUntil, asked + Ticks(_options.Lease)));
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await RenewAsync(cancellationToken);
        _renewing = Task.Run(RenewUntilStoppedAsync, CancellationToken.None);
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _renewing;
        try
        {
            await _owners.EndLeaseAsync(Silo, cancellationToken);
        }
        catch (Exception exception)
        {
            LogNotEnded(exception);
        }
    }

    private async Task RenewUntilStoppedAsync()
    {
        using var timer = new PeriodicTimer(_options.Lease / 2, _time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stopping.Token);

                // A question that is not answered while its answer is worth anything is put again, on another connection.
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                try
                {
                    await RenewAsync(attempt.Token).WaitAsync(_options.Lease, _time, _stopping.Token);
                }
                finally
                {
                    // Its connection is needed for the next one.
                    await attempt.CancelAsync();
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogNotRenewed(exception);
            }
        }
    }

    private long Ticks(TimeSpan duration) => (long)(duration.TotalSeconds * _time.TimestampFrequency);

    private void Lose(Title title, KeyClaim? claim)
    {
        title.Lose(claim);
        if (title.Owner is { IsLost: false } owner && title.IsLost(owner.Claim))
        {
            LogLost(owner.Claim.KeyId);
            owner.Lose();
        }
    }

    /// <summary>What the silo knows of its newest activation of a key.</summary>
    private sealed class Title
    {
        private readonly HashSet<KeyClaim> _lost = [];
        private bool _allLost;

        /// <summary>The activation; null while its claim is under way.</summary>
        public KeyOwner? Owner { get; set; }

        public bool IsLost(KeyClaim claim) => _allLost || _lost.Contains(claim);

        /// <summary>Null stands for whatever the silo had claimed until now.</summary>
        public void Lose(KeyClaim? claim)
        {
            if (claim is null)
            {
                _allLost = true;
            }
            else
            {
                _lost.Add(claim);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The lease could not be renewed; this silo admits no calls once it has run out.")]
    private partial void LogNotRenewed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "{KeyId} was claimed by another silo; this silo's activation of it ends.")]
    private partial void LogLost(string keyId);

    [LoggerMessage(LogLevel.Warning, "{KeyId} could not be given up; its next owner waits until this silo has surely stopped.")]
    private partial void LogNotReleased(Exception exception, string keyId);

    [LoggerMessage(LogLevel.Warning, "The lease could not be ended; it is forgotten after a day.")]
    private partial void LogNotEnded(Exception exception);

    [LoggerMessage(LogLevel.Information, "A new lease begins; {Keys} activations of an earlier one end.")]
    private partial void LogAnew(int keys);
}
