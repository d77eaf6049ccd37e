using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <summary>A key's snapshot as storage has it, past what an activation has read or written.</summary>
internal static class StoredSnapshot
{
    /// <summary>The name of the snapshots' state.</summary>
    public const string StateName = "apikey-usage-v1";

    /// <summary>The name of the grain storage.</summary>
    public const string StorageName = "usage";

    /// <summary>Reads a key's grain's; null when there is none.</summary>
    public static async Task<KeyPosition?> ReadAsync(IServiceProvider services, GrainId grainId)
    {
        var stored = new GrainState<KeyState>(new KeyState());
        await services.GetRequiredKeyedService<IGrainStorage>(StorageName).ReadStateAsync(StateName, grainId, stored);
        return stored is { RecordExists: true, State.Book: var book } ? new KeyPosition(book.Sequence, TotalsOf(book)) { Windows = CountedWindows.Of(book) } : null;
    }

    private static UsageTotals TotalsOf(QuotaBookState book) => book.Windows
        .Where(static window => window.Window == Window.Total)
        .SelectMany(static window => window.Models)
        .Aggregate(default(UsageTotals), static (sum, model) => sum + model.ToTotals());
}
