using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Quotas;

namespace Relay.Grains.Tests.Simulation;

/// <summary>A silo with its ledger writer, and at most one activation of each key.</summary>
internal sealed class SimulatedSilo : IDisposable
{
    private readonly SimulatedCluster _cluster;
    private readonly IUsageLedger _ledger;
    private readonly LedgerWriter _writer;
    private readonly Dictionary<string, Task<SimulatedActivation>> _activations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedActivation> _live = new(StringComparer.Ordinal);
    private readonly List<TaskCompletionSource> _callers = [];

    public SimulatedSilo(SimulatedCluster cluster)
    {
        _cluster = cluster;
        Process = new SimulatedProcess(cluster.Scheduler);
        _ledger = cluster.Connect();
        _writer = new LedgerWriter(_ledger, Options.Create(new LedgerOptions { GatherMilliseconds = 0 }), cluster.Clock, NullLogger<LedgerWriter>.Instance);
        Process.Start(_writer.RunAsync);
    }

    public SimulatedProcess Process { get; }

    /// <summary>The keys' activations that live here.</summary>
    public IReadOnlyDictionary<string, SimulatedActivation> Activations => _live;

    /// <summary>Runs something at a key's activation, which begins if there is none. Fails when it does, or when the silo dies.</summary>
    public async Task CallAsync(string keyId, Func<SimulatedActivation, Task> call)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _callers.Add(answer);
        if (Process.IsDead)
        {
            answer.SetException(new IOException("The silo is dead."));
        }

        Process.Start(async () =>
        {
            try
            {
                await call(await FindAsync(keyId));
                answer.TrySetResult();
            }
            catch (Exception exception)
            {
                answer.TrySetException(exception);
            }
        });
        await answer.Task;
    }

    /// <summary>Kills the process, whatever it was doing.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        Process.IsDead = true;
        foreach (var caller in _callers)
        {
            caller.TrySetException(new IOException("The silo died."));
        }
    }

    private Task<SimulatedActivation> FindAsync(string keyId)
    {
        if (!_activations.TryGetValue(keyId, out var activation) || activation.IsFaulted)
        {
            _activations[keyId] = activation = ActivateAsync(keyId);
        }

        return activation;
    }

    private async Task<SimulatedActivation> ActivateAsync(string keyId)
    {
        var (state, version) = _cluster.Snapshots.GetValueOrDefault(keyId, (new QuotaBookState(), 0));
        var book = SimulatedCluster.BookOf(state);
        KeyCalls calls = null!;
        calls = new KeyCalls(book, _ledger, _writer, new CurrentPrices(PriceBook.Empty), () => _cluster.Now, NullLogger.Instance)
        {
            KeyId = keyId,
            SteppedDown = _ =>
            {
                _activations.Remove(keyId);
                _live.Remove(keyId);
            },
            Committed = () => version = _cluster.SaveNowAndThen(keyId, calls, version),
        };
        foreach (var entry in await _ledger.ReadTailAsync(keyId, book.CommittedSequence, CancellationToken.None))
        {
            book.Apply(entry);
        }

        return _live[keyId] = new SimulatedActivation(book, calls);
    }
}
