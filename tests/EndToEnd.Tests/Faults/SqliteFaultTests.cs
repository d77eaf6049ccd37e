using System.Globalization;
using Microsoft.Data.Sqlite;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;
using Relay.Testing.Upstreams;
using Xunit.Abstractions;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>Relay as one process on SQLite, under 200 calls at once, killed at any moment or with a disk that takes no more.</summary>
public sealed class SqliteFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private readonly FaultLoad _load = new();
    private FakeUpstream _upstream = null!;
    private RelayProcess? _relay;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        await _upstream.DisposeAsync();
        _directory.Delete();
    }

    [Fact]
    public async Task Relay_KilledAmid200Calls_HasEveryCallThatEndedNormallyOnce()
    {
        var random = FaultRounds.Random(out var seed);
        output.WriteLine($"RELAY_FAULT_SEED={seed}");
        var relay = await StartAsync();
        var adminKey = relay.Find("Admin key: ")!;
        var keys = await FaultCheck.CreateKeysAsync(relay, adminKey);
        for (var round = 0; round < FaultRounds.Count; round++)
        {
            var callers = _load.RunAsync(await relay.ListeningAsync(), keys, CancellationToken.None);
            await _load.EndedAsync(random.Next(1, 600));
            await relay.KillAsync();
            await callers;
            await relay.DisposeAsync();

            relay = await StartAsync();
            await FaultCheck.AssertCountedAsync(relay, adminKey, keys, _load, _upstream);
        }

        await relay.DisposeAsync();
        await AssertWholeAsync();
        output.WriteLine($"{FaultRounds.Count} kills, {_load.Ended.Count} calls ended normally, {_upstream.Bill.Entries.Count} began.");
    }

    /// <summary>First the ledger's disk is full and the outbox has room; then nothing can be written at all.</summary>
    [Theory]
    [InlineData(64 * 1024)]
    [InlineData(1)]
    public async Task Disk_FullUnderLoad_EveryCallThatEndedNormallyIsCountedOnce(long fileBytesMax)
    {
        var random = FaultRounds.Random(out var seed);
        output.WriteLine($"RELAY_FAULT_SEED={seed}");
        var relay = await StartAsync();
        var adminKey = relay.Find("Admin key: ")!;
        var keys = await FaultCheck.CreateKeysAsync(relay, adminKey);
        for (var round = 0; round < FaultRounds.Count; round++)
        {
            using var stop = new CancellationTokenSource();
            var callers = _load.RunAsync(await relay.ListeningAsync(), keys, stop.Token);
            await _load.EndedAsync(random.Next(1, 400));
            await relay.LimitFilesAsync(fileBytesMax);
            await _load.RefusedAsync(random.Next(1, 200));
            await relay.LimitFilesAsync(null);
            await _load.EndedAsync(random.Next(1, 200));
            await stop.CancelAsync();
            await callers;
            await FaultCheck.AssertCountedAsync(relay, adminKey, keys, _load, _upstream);
        }

        await relay.KillAsync();
        await AssertWholeAsync();
        output.WriteLine($"{FaultRounds.Count} full disks, {_load.Ended.Count} calls ended normally, {_upstream.Bill.Entries.Count} began.");
    }

    private async Task AssertWholeAsync()
    {
        await using var database = new SqliteConnection(string.Create(
            CultureInfo.InvariantCulture, $"Data Source={_directory["data/relay.db"]};Pooling=False"));
        await FaultCheck.AssertWholeAsync(database);
    }

    private async Task<RelayProcess> StartAsync() => _relay = await RelayProcess.StartAsync(
        _directory.FullPath, new Dictionary<string, string> { ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString() });
}
