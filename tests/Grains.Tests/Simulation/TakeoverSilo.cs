using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;

namespace Relay.Grains.Tests.Simulation;

/// <summary>A silo with a lease, which may be frozen, and at most one activation of the key.</summary>
internal sealed class TakeoverSilo : IAsyncDisposable
{
    private readonly SimulatedTakeover _cluster;
    private readonly IUsageLedger _ledger;
    private readonly LedgerWriter _writer;
    private readonly OwnerLease _lease;
    private Task<Activation>? _activation;

    public TakeoverSilo(SimulatedTakeover cluster)
    {
        _cluster = cluster;
        Process = new SimulatedProcess(cluster.Scheduler);
        _ledger = cluster.Connect();
        _writer = new LedgerWriter(_ledger, Options.Create(new LedgerOptions { GatherMilliseconds = 0 }), cluster.Clock, NullLogger<LedgerWriter>.Instance);
        _lease = new OwnerLease(
            cluster.Owners,
            Options.Create(SimulatedTakeover.Times),
            SiloKind.Member,
            static _ => Task.CompletedTask,
            cluster.Clock,
            NullLogger<OwnerLease>.Instance);
        RenewLease();
        Process.Start(_writer.RunAsync);
    }

    public SimulatedProcess Process { get; }

    public bool IsFrozen => Process.PausedUntil > 0;

    public TimeSpan FrozenAt { get; private set; }

    public void Freeze(TimeSpan now)
    {
        if (!IsFrozen)
        {
            (Process.PausedUntil, FrozenAt) = (int.MaxValue, now);
        }
    }

    /// <summary>Asks for a new lease.</summary>
    public void RenewLease() => Process.Start(() => _lease.RenewAsync(default));

    /// <summary>Runs something at the key's activation, which begins if there is none. Fails as it does.</summary>
    public Task<T> CallAsync<T>(Func<Activation, Task<T>> call)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Process.Start(async () =>
        {
            try
            {
                if (_activation is null or { IsFaulted: true })
                {
                    _activation = ActivateAsync();
                }

                var activation = await _activation;
                if (activation.Owner.IsLost)
                {
                    activation.Calls.StepDown(new ClaimLostException(activation.Owner.Claim));
                }

                answer.SetResult(await call(activation));
            }
            catch (Exception exception)
            {
                answer.SetException(exception);
            }
        });
        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _writer.Dispose();
        await _lease.DisposeAsync();
    }

    private async Task<Activation> ActivateAsync()
    {
        var (owner, claimed) = await _lease.ClaimAsync(SimulatedTakeover.Settings.Id, default);
        var start = await KeyStart.ReadAsync(new QuotaBookState(), _ledger, SimulatedTakeover.Settings.Id, default);
        var book = new QuotaBook(TimeZoneInfo.Utc, Calls.HoldTimeout, start.State) { Limits = SimulatedTakeover.Settings.Limits };
        var calls = new KeyCalls(book, _ledger, _writer, new CurrentPrices(PriceBook.Empty), () => Calls.At(_cluster.Clock.Elapsed), NullLogger.Instance)
        {
            KeyId = SimulatedTakeover.Settings.Id,
            SteppedDown = _ => _activation = null,
            Committed = static () => { },
        };
        foreach (var entry in start.Tail)
        {
            book.Apply(entry);
        }

        _cluster.Claimed();
        return new Activation(owner, book, calls, new KeyGate(owner, calls, claimed.Previous == PreviousOwner.HandedOver));
    }

    /// <summary>The grain's own parts, without Orleans.</summary>
    internal sealed record Activation(KeyOwner Owner, QuotaBook Book, KeyCalls Calls, KeyGate Gate);
}
