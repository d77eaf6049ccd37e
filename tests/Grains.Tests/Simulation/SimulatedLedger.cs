using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Testing;

namespace Relay.Grains.Tests.Simulation;

/// <summary>
/// One silo's connection to the ledger. While there are faults an append may fail before it wrote or after, or be given up
/// and write later all the same, and a question may get no answer.
/// </summary>
internal sealed class SimulatedLedger(MemoryLedger store, SeededScheduler scheduler, SimulatedProcess database, Func<bool> hasFaults) : IUsageLedger
{
    public async Task AppendAsync(IReadOnlyList<UsageEntry> entries, CancellationToken cancellationToken)
    {
        await scheduler.WaitAsync(6);
        switch (hasFaults() ? scheduler.Next(10) : -1)
        {
            case 0:
                throw new IOException("The ledger failed before it wrote.");
            case 1:
                await store.AppendAsync(entries, cancellationToken);
                throw new IOException("The ledger failed after it wrote.");
            case 2:
                database.Start(() => WriteLateAsync(entries));
                throw new IOException("The connection broke.");
            default:
                await store.AppendAsync(entries, cancellationToken);
                await scheduler.WaitAsync(2);
                break;
        }
    }

    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await scheduler.WaitAsync(3);
        if (hasFaults() && scheduler.Chance(5))
        {
            throw new IOException("The ledger takes no writes.");
        }
    }

    public Task<IReadOnlyList<UsageEntry>> ReadTailAsync(string keyId, long afterSequence, CancellationToken cancellationToken) =>
        ReadAsync(() => store.ReadTailAsync(keyId, afterSequence, cancellationToken));

    public Task<CarriedUsage?> ReadCarriedAsync(string keyId, CancellationToken cancellationToken) =>
        store.ReadCarriedAsync(keyId, cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> FindAsync(Guid requestId, CancellationToken cancellationToken) =>
        ReadAsync(() => store.FindAsync(requestId, cancellationToken));

    public Task<IReadOnlyList<UsageEntry>> FindManyAsync(
        IReadOnlyCollection<(Guid RequestId, int Part)> ids, CancellationToken cancellationToken) =>
        ReadAsync(() => store.FindManyAsync(ids, cancellationToken));

    public Task<IReadOnlyList<IReadOnlyList<UsageEntry>>> ReadCallsAsync(
        string keyId, DateTimeOffset reservedFrom, DateTimeOffset reservedBefore, long afterSequence, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No grain of the simulation asks for it.");

    public Task<IReadOnlyList<UsageRow>> SumAsync(UsageQuery query, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No grain of the simulation asks for it.");

    private async Task<IReadOnlyList<UsageEntry>> ReadAsync(Func<Task<IReadOnlyList<UsageEntry>>> read)
    {
        await scheduler.WaitAsync(3);
        if (hasFaults() && scheduler.Chance(5))
        {
            throw new IOException("The ledger did not answer.");
        }

        var entries = await read();
        await scheduler.WaitAsync(3);
        return entries;
    }

    private async Task WriteLateAsync(IReadOnlyList<UsageEntry> entries)
    {
        await scheduler.WaitAsync(60);
        try
        {
            await store.AppendAsync(entries, CancellationToken.None);
        }
        catch (IOException)
        {
            // Nobody waits for it.
        }
        catch (LedgerConflictException)
        {
            // The rows were sent again meanwhile.
        }
    }
}
