using Npgsql;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;
using Relay.Testing.Upstreams;
using Xunit.Abstractions;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>Relay as one process on PostgreSQL, under 200 calls at once, while the database or Relay itself fails.</summary>
public sealed class PostgresFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private readonly FaultLoad _load = new();
    private FakeUpstream _upstream = null!;
    private RelayProcess? _relay;
    private PrivatePostgres? _postgres;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _postgres = await PrivatePostgres.StartNewAsync();
    }

    public async Task DisposeAsync()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        await _upstream.DisposeAsync();
        _directory.Delete();
    }

    [SkippableTheory]
    [InlineData(PostgresFault.Kill)]
    [InlineData(PostgresFault.Freeze)]
    [InlineData(PostgresFault.Stop)]
    public async Task Database_FailsAmid200Calls_EveryCallThatEndedNormallyIsCountedOnce(PostgresFault fault)
    {
        Skip.If(_postgres is null, "There is no PostgreSQL: install the package postgresql.");
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
            await BeginAsync(fault);
            await _load.RefusedAsync(random.Next(1, 200));
            await EndAsync(fault);
            await _load.EndedAsync(random.Next(1, 200));
            await stop.CancelAsync();
            await callers;
            await FaultCheck.AssertCountedAsync(relay, adminKey, keys, _load, _upstream);
        }

        await relay.DisposeAsync();
        relay = await StartAsync();
        await FaultCheck.AssertCountedAsync(relay, adminKey, keys, _load, _upstream);
        await relay.DisposeAsync();
        await AssertWholeAsync();
        output.WriteLine($"{FaultRounds.Count} times {fault}, {_load.Ended.Count} calls ended normally, {_upstream.Bill.Entries.Count} began.");
    }

    [SkippableFact]
    public async Task Relay_KilledWhileTheDatabaseIsDown_SettlesItsOutboxAtTheNextStart()
    {
        Skip.If(_postgres is null, "There is no PostgreSQL: install the package postgresql.");
        var random = FaultRounds.Random(out var seed);
        output.WriteLine($"RELAY_FAULT_SEED={seed}");
        var relay = await StartAsync();
        var adminKey = relay.Find("Admin key: ")!;
        var keys = await FaultCheck.CreateKeysAsync(relay, adminKey);
        for (var round = 0; round < FaultRounds.Count; round++)
        {
            var callers = _load.RunAsync(await relay.ListeningAsync(), keys, CancellationToken.None);
            await _load.EndedAsync(random.Next(1, 400));
            await _postgres.KillAsync();
            await _load.RefusedAsync(random.Next(1, 200));
            await relay.KillAsync();
            await callers;
            await relay.DisposeAsync();

            await _postgres.StartAsync();
            relay = await StartAsync();
            await FaultCheck.AssertCountedAsync(relay, adminKey, keys, _load, _upstream);
        }

        await relay.DisposeAsync();
        await AssertWholeAsync();
        output.WriteLine($"{FaultRounds.Count} kills of both, {_load.Ended.Count} calls ended normally, {_upstream.Bill.Entries.Count} began.");
    }

    private Task BeginAsync(PostgresFault fault) => fault switch
    {
        PostgresFault.Kill => _postgres!.KillAsync(),
        PostgresFault.Freeze => _postgres!.FreezeAsync(),
        _ => _postgres!.StopAsync(),
    };

    private Task EndAsync(PostgresFault fault) => fault == PostgresFault.Freeze ? _postgres!.ThawAsync() : _postgres!.StartAsync();

    private async Task AssertWholeAsync()
    {
        await using var database = new NpgsqlConnection(_postgres!.ConnectionString);
        await FaultCheck.AssertWholeAsync(database);
    }

    private async Task<RelayProcess> StartAsync() => _relay = await RelayProcess.StartAsync(
        _directory.FullPath,
        new Dictionary<string, string>
        {
            ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString(),
            ["Relay__Database__Provider"] = "PostgreSql",
            ["ConnectionStrings__Relay"] = _postgres!.ConnectionString,
        });
}
