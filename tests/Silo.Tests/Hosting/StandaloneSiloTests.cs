using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Relay.Grains.Directory;
using Relay.Grains.Ledger;
using Relay.Grains.Usage;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Ledger;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Hosting;

/// <summary>Real hosts, side by side and after each other.</summary>
public sealed class StandaloneSiloTests : IDisposable
{
    private const string Key = "key_0000000000000001";

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_TwoInOneProcess_EachHasItsOwnGrains()
    {
        await using var one = await StandaloneHost.StartAsync(_folder["one"]);
        await using var two = await StandaloneHost.StartAsync(_folder["two"]);

        await one.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync();
        await one.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync();

        Assert.Equal(2, await one.Grains.GetGrain<ISnapshotGrain>("k:x").GetAsync());
        Assert.Equal(0, await two.Grains.GetGrain<ISnapshotGrain>("k:x").GetAsync());
    }

    [Fact]
    public async Task Start_FolderInUse_ThrowsAndLeavesTheOtherRunning()
    {
        await using var host = await StandaloneHost.StartAsync(_folder["one"]);

        await Assert.ThrowsAsync<DataDirectoryException>(() => StandaloneHost.StartAsync(_folder["one"]));

        Assert.Equal(1, await host.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync());
    }

    [Fact]
    public async Task Start_UnfitDatabase_ThrowsMigrationException()
    {
        Directory.CreateDirectory(_folder["one"]);
        await File.WriteAllTextAsync(_folder["one/relay.db"], new string('x', 5000));

        await Assert.ThrowsAsync<MigrationException>(() => StandaloneHost.StartAsync(_folder["one"]));
    }

    [Fact]
    public async Task Start_Always_LeavesOutTheWarningsThatMeanNothing()
    {
        using var logs = new RecordingLoggerProvider();
        await using (await StandaloneHost.StartAsync(_folder["one"], logs))
        {
        }

        Assert.DoesNotContain("Orleans.Runtime.Silo", logs.WarningCategories, StringComparer.Ordinal);
        Assert.DoesNotContain("Orleans.Runtime.Watchdog", logs.WarningCategories, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Stop_ThenStartAgain_KeepsEverything()
    {
        var entry = UsageEntries.Entry(Key, 1);
        await using (var host = await StandaloneHost.StartAsync(_folder["one"]))
        {
            await host.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync();
            await host.Services.GetRequiredService<IUsageLedger>().AppendAsync([entry], default);
            await host.Services.GetRequiredService<IKeyDirectory>().InsertAsync(Keys.KeyDirectoryContract.Settings(Key, "ann"), default);
        }

        await using var again = await StandaloneHost.StartAsync(_folder["one"]);

        Assert.Equal(2, await again.Grains.GetGrain<ISnapshotGrain>("k:x").IncrementAsync());
        Assert.Equal([entry], await again.Services.GetRequiredService<IUsageLedger>().ReadTailAsync(Key, 0, default));
        Assert.True(await again.Services.GetRequiredService<IKeyDirectory>().UserExistsAsync("ann", default));
    }

    [Fact]
    public async Task Stop_GrainWithSomethingUnsaved_SavesItBeforeTheDatabaseCloses()
    {
        await using (var host = await StandaloneHost.StartAsync(_folder["one"]))
        {
            await host.Grains.GetGrain<ISnapshotGrain>("k:x").SetUnsavedAsync(42);
        }

        Assert.False(File.Exists(_folder["one/relay.db-wal"]));
        await using var again = await StandaloneHost.StartAsync(_folder["one"]);
        Assert.Equal(42, await again.Grains.GetGrain<ISnapshotGrain>("k:x").GetAsync());
    }

    [Fact]
    public async Task Write_RowChangedBehindTheActivation_ThrowsOnceAndThenCountsOn()
    {
        await using var host = await StandaloneHost.StartAsync(_folder["one"]);
        var grain = host.Grains.GetGrain<ISnapshotGrain>("k:x");
        await grain.IncrementAsync();
        await using (var connection = new SqliteConnection($"Data Source={_folder["one/relay.db"]};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE grain_state SET etag = 'other', payload = CAST('{\"Count\":100}' AS BLOB)";
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(grain.IncrementAsync);

        // Orleans drops the activation that lost, and the next call loads what the other wrote.
        Assert.Equal(101, await grain.IncrementAsync());
    }

    [Fact]
    public async Task Write_HundredGrainsWhileTheLedgerWrites_LosesNothing()
    {
        const int GrainCount = 100;
        const int WritesEach = 20;
        await using var host = await StandaloneHost.StartAsync(_folder["one"]);
        var ledger = host.Services.GetRequiredService<IUsageLedger>();

        var ledgerWrites = Task.Run(async () =>
        {
            for (var batch = 0; batch < 50; batch++)
            {
                await ledger.AppendAsync(
                    [.. Enumerable.Range(1, 20).Select(n => UsageEntries.Entry(Key, (batch * 20) + n))], default);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, GrainCount).Select(async n =>
        {
            for (var write = 0; write < WritesEach; write++)
            {
                await host.Grains.GetGrain<ISnapshotGrain>($"k:{n}").IncrementAsync();
            }
        }));
        await ledgerWrites;

        Assert.Equal(1000, (await ledger.SumAsync(new UsageQuery(), default))[0].Totals.Requests);
        foreach (var n in Enumerable.Range(0, GrainCount))
        {
            Assert.Equal(WritesEach, await host.Grains.GetGrain<ISnapshotGrain>($"k:{n}").GetAsync());
        }
    }
}
