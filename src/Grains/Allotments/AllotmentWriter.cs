using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Relay.Grains.Ledger;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains.Allotments;

/// <summary>
/// Brings the asks of all keys of a silo to the database, so that many share one commit. One batch is in flight at a time. A key has one ask in flight.
/// What is not urgent waits a moment for others: a transaction costs more than the asks in it.
/// </summary>
internal sealed partial class AllotmentWriter : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>The most keys of one transaction.</summary>
    public const int BatchKeysMax = 500;

    // Each key has one at most; this is only so that there is an end to it.
    private const int QueueMax = 100_000;

    private readonly Channel<(KeyAsk Ask, TaskCompletionSource<KeyAnswer> Answer)> _queue =
        Channel.CreateBounded<(KeyAsk, TaskCompletionSource<KeyAnswer>)>(new BoundedChannelOptions(QueueMax) { SingleReader = true });

    private readonly CancellationTokenSource _abandoned = new();
    private readonly SemaphoreSlim _hurry = new(0);
    private readonly IAllotmentStore _store;
    private readonly WindowOpener _opener;
    private readonly ILimitWarnings _warnings;
    private readonly ILogger<AllotmentWriter> _logger;
    private Task _writing = Task.CompletedTask;

    /// <summary>How long asks that are not urgent gather, of the machine's time, whatever time the silo is told.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(50);

    public AllotmentWriter(IAllotmentStore store, IUsageLedger ledger, ILimitWarnings warnings, ILogger<AllotmentWriter> logger)
    {
        _warnings = warnings;
        _store = store;
        _opener = new WindowOpener(store, ledger);
        _logger = logger;
    }

    /// <inheritdoc />
    public void Participate(ISiloLifecycle lifecycle) =>
        // Starts before and stops after the grains.
        lifecycle.Subscribe(
            nameof(AllotmentWriter),
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
        Hurry();
        await using (cancellationToken.Register(_abandoned.Cancel))
        {
            await _writing;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _hurry.Dispose();
        _abandoned.Dispose();
    }

    /// <summary>What was asked so far gathers no longer.</summary>
    public void Hurry()
    {
        // One is enough: it is taken before the asks are.
        if (_hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }
    }

    /// <summary>Asks for one key. When it throws, nobody knows what the database has now.</summary>
    /// <param name="ask">The ask.</param>
    /// <param name="isUrgent">Whether it goes at once; else it may wait for others.</param>
    /// <exception cref="ClaimLostException">The key has another owner.</exception>
    public async Task<ImmutableArray<RoomAnswer>> AskAsync(KeyAsk ask, bool isUrgent)
    {
        var answer = new TaskCompletionSource<KeyAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite((ask, answer)))
        {
            throw new LedgerFullException("The silo takes no more questions about allotments; the same call may be tried again.");
        }

        if (isUrgent)
        {
            Hurry();
        }

        var answered = await answer.Task;
        return answered.IsClaimLost ? throw new ClaimLostException(ask.Owner) : answered.Rooms;
    }

    /// <summary>Writes until the silo stops.</summary>
    public async Task RunAsync()
    {
        try
        {
            // What a full batch has left may have been what someone waits for.
            var isFull = false;
            while (await _queue.Reader.WaitToReadAsync(_abandoned.Token))
            {
                if (!isFull)
                {
                    await GatherAsync();
                }

                var batch = new List<(KeyAsk Ask, TaskCompletionSource<KeyAnswer> Answer)>();
                while (batch.Count < BatchKeysMax && _queue.Reader.TryRead(out var next))
                {
                    batch.Add(next);
                }

                isFull = batch.Count == BatchKeysMax;
                await WriteAsync(batch);
            }
        }
        catch (OperationCanceledException exception)
        {
            while (_queue.Reader.TryRead(out var waiting))
            {
                waiting.Answer.SetException(exception);
            }
        }
    }

    private async Task GatherAsync()
    {
        await _hurry.WaitAsync(Pause, _abandoned.Token);
        while (await _hurry.WaitAsync(TimeSpan.Zero, _abandoned.Token))
        {
            // The batch that follows serves them too.
        }
    }

    private async Task WriteAsync(List<(KeyAsk Ask, TaskCompletionSource<KeyAnswer> Answer)> batch)
    {
        try
        {
            while (batch.Count > 0)
            {
                var answers = await _store.AskAsync(batch.ConvertAll(static waiting => waiting.Ask), _warnings.Shares, _abandoned.Token);
                var left = new List<(KeyAsk Ask, TaskCompletionSource<KeyAnswer> Answer)>();
                foreach (var (waiting, answer) in batch.Zip(answers))
                {
                    if (answer.NotOpen.IsEmpty)
                    {
                        waiting.Answer.SetResult(answer);
                    }
                    else
                    {
                        left.Add(waiting);
                    }
                }

                foreach (var warning in answers.SelectMany(static answer => answer.Warnings))
                {
                    _warnings.Tell(warning);
                }

                foreach (var window in answers.SelectMany(static answer => answer.NotOpen).DistinctBy(static ask => (ask.Limit, ask.WindowEnd)))
                {
                    await _opener.OpenAsync(window.Limit, window.Window, _abandoned.Token);
                }

                batch = left;
            }
        }
        catch (Exception exception)
        {
            LogFailed(exception, batch.Count);
            foreach (var (_, answer) in batch)
            {
                answer.TrySetException(exception);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "What {Keys} keys have been allotted could not be changed; their calls are refused for now.")]
    private partial void LogFailed(Exception exception, int keys);
}
