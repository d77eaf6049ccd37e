using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>
/// Writes all entries of a silo, so that many calls share one commit. One batch is in flight at a time, which keeps each
/// key's entries in order.
/// </summary>
internal sealed partial class LedgerWriter : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The most entries of one transaction.</summary>
    public const int BatchRowsMax = 1_000;

    /// <summary>How often a batch of unknown outcome is sent, the first time included. Frontends keep what fails, so that it need not be often.</summary>
    public const int AttemptsMax = 4;

    /// <summary>From so many entries on, a commit is cheap for each of them, and nobody waits for more.</summary>
    public const int GatheredRowsEnough = 32;

    private readonly Channel<QueuedEntry> _queue;
    private readonly CancellationTokenSource _abandoned = new();

    // Ends the wait for others. Without spinning: others take most of the wait to come.
    private readonly ManualResetEventSlim _enoughCame = new(initialState: false, spinCount: 0);
    private readonly IUsageLedger _ledger;
    private readonly LedgerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LedgerWriter> _logger;
    private readonly ResiliencePipeline _retry;
    private Task _writing = Task.CompletedTask;

    // Of the batch in flight: whatever waits behind it came later.
    private volatile QueuedEntry? _oldest;

    // Whether whoever makes the queue long enough is to say so.
    private volatile bool _isGathering;

    // Whether others came during the last commit or the last wait for them, so that more will.
    private bool _othersCome;

    public LedgerWriter(IUsageLedger ledger, IOptions<LedgerOptions> options, TimeProvider time, ILogger<LedgerWriter> logger)
    {
        _ledger = ledger;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _queue = Channel.CreateBounded<QueuedEntry>(new BoundedChannelOptions(_options.QueueRows) { SingleReader = true });
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(static exception => exception is not LedgerConflictException),
                MaxRetryAttempts = AttemptsMax - 1,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(50),
                MaxDelay = TimeSpan.FromSeconds(1),
                UseJitter = true,
            })
            .Build();
        Pause = () => _enoughCame.Wait(_options.GatherMilliseconds, _abandoned.Token);
    }

    /// <summary>
    /// Lets the time pass in which others may come, or until enough have. It is the machine's time, whatever time the silo is told, and a thread waits:
    /// the runtime's timers are coarser than that by some milliseconds.
    /// </summary>
    public Action Pause { private get; init; }

    /// <summary>Whether so much waits, or so long, that new calls should not be admitted.</summary>
    public bool IsCrowded =>
        _queue.Reader.Count >= _options.QueueRows / 2
        || (_oldest is { } oldest && _time.GetElapsedTime(oldest.QueuedAt) > TimeSpan.FromSeconds(_options.QueueSeconds));

    /// <summary>Whether the next append would most likely throw.</summary>
    public bool IsFull => _queue.Reader.Count >= _options.QueueRows;

    /// <inheritdoc />
    public void Participate(ISiloLifecycle lifecycle) =>
        // Starts before and stops after the grains, which come and go in the later stages.
        lifecycle.Subscribe(
            nameof(LedgerWriter),
            ServiceLifecycleStage.RuntimeServices,
            _ =>
            {
                Start();
                return Task.CompletedTask;
            },
            StopAsync);

    /// <summary>Begins to write, away from the caller's thread.</summary>
    public void Start() => _writing = Task.Run(RunAsync, CancellationToken.None);

    /// <summary>Writes what waits, and takes no more. When cancelled, what still waits fails.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await using (cancellationToken.Register(_abandoned.Cancel))
        {
            await _writing;
        }
    }

    /// <summary>Opens the ledger for one activation of a key.</summary>
    public KeyLedger Open() => new(this);

    /// <inheritdoc />
    public void Dispose()
    {
        _abandoned.Dispose();
        _enoughCame.Dispose();
    }

    /// <summary>Throws when nothing more is taken now, before a caller has changed anything.</summary>
    /// <exception cref="LedgerFullException">Too much waits.</exception>
    public void ThrowIfFull()
    {
        if (IsFull)
        {
            throw Full();
        }
    }

    /// <summary>See <see cref="KeyLedger.Append"/>.</summary>
    public void Append(KeyLedger keyLedger, UsageEntry entry, IAppendObserver observer)
    {
        if (keyLedger.Failure is not null)
        {
            throw new StaleActivationException("An earlier entry of this activation could not be written; the same call may be tried again.");
        }

        if (!_queue.Writer.TryWrite(new QueuedEntry(keyLedger, entry, _time.GetTimestamp(), observer)))
        {
            var refusal = Full();
            keyLedger.Fail(refusal);
            throw refusal;
        }

        // Looked at after the entry is in the queue, as the writer looks at the queue after it has said that it gathers: one of the two sees the other.
        if (_isGathering && _queue.Reader.Count >= GatheredRowsEnough)
        {
            _enoughCame.Set();
        }
    }

    /// <summary>Writes until the silo stops.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_abandoned.Token))
            {
                Gather();
                var rows = TakeBatch();
                await new LedgerBatch(_ledger, _retry, _logger, _abandoned.Token) { Committed = LookForOthers }.WriteAsync(rows);
                _oldest = null;
            }
        }
        catch (OperationCanceledException exception)
        {
            LogAbandoned(_logger, _queue.Reader.Count);
            while (_queue.Reader.TryRead(out var queued))
            {
                queued.Fail(exception);
            }
        }
    }

    /// <summary>
    /// Waits a moment for others to share the commit, which costs about as much for one as for some. A caller who makes one call after the other does
    /// not wait: nobody comes while its own is being written.
    /// </summary>
    private void Gather()
    {
        if (!_othersCome || _options.GatherMilliseconds == 0)
        {
            return;
        }

        _enoughCame.Reset();
        _isGathering = true;
        var waiting = _queue.Reader.Count;
        if (waiting < GatheredRowsEnough)
        {
            Pause();
            _othersCome = _queue.Reader.Count > waiting;
        }

        _isGathering = false;
    }

    private void LookForOthers() => _othersCome |= _queue.Reader.Count > 0;

    /// <summary>Takes what waits, sorted: a fixed order keeps two silos' transactions from waiting for each other crosswise.</summary>
    private List<QueuedEntry> TakeBatch()
    {
        var rows = new List<QueuedEntry>(Math.Min(_queue.Reader.Count, BatchRowsMax));
        while (rows.Count < BatchRowsMax && _queue.Reader.TryRead(out var next))
        {
            _oldest ??= next;
            rows.Add(next);
        }

        rows.Sort(static (left, right) =>
            string.CompareOrdinal(left.Entry.KeyId, right.Entry.KeyId) is var byKey and not 0
                ? byKey
                : left.Entry.Sequence.CompareTo(right.Entry.Sequence));
        return rows;
    }

    private static LedgerFullException Full() =>
        new("The silo takes no more usage entries: too many wait for the ledger, or it stops. The same settle may come again.");
}
