using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Admin;

/// <summary>Calls grow old on a clock that the test moves, and the silo's own upkeep drops them.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private static readonly TimeSpan UpkeepPeriod = TimeSpan.FromHours(5);

    private readonly RelayClock _clock = new();
    private readonly string _data = Directory.CreateTempSubdirectory("relay-retention-").FullName;
    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        var settings = RelaySetup.With(
            ("Relay:Reports:RetentionDays", "7"),
            ("Relay:Reports:RollUpSeconds", "18000"),
            ("Relay:Quotas:HoldTimeoutSeconds", "3600"),
            ("Relay:Cluster:RenewSeconds", "60"),
            ("Relay:Admission:ReserveSeconds", "120"));
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, settings with { Time = _clock, DataDirectory = _data });
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Calls_WhenTheyAreOld_AreDroppedAndEverySumStays()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream, new KeyLimit("tokens", "total", 1_000_000));
        for (var call = 0; call < 3; call++)
        {
            await caller.AskAsync(RelayCaller.Chat());
        }

        using var admin = new HttpClient { BaseAddress = new Uri(_relay.BaseUrl, "/admin/api/") };
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", RelayApplication.AdminKey);
        string[] paths =
        [
            $"keys/{caller.Key.Id}",
            $"keys/{caller.Key.Id}/usage",
            $"users/{caller.Key.User}/usage",
            "usage",
            "usage?group_by=key",
            "usage?group_by=model&from=1772625600&to=1772629200",
        ];
        var before = await Task.WhenAll(paths.Select(path => admin.GetStringAsync(new Uri(path, UriKind.Relative))));
        Assert.Contains("\"requests\":3", before[^1], StringComparison.Ordinal);

        // The calls are of the 4th of March.
        await _clock.BeganAsync(UpkeepPeriod);
        _clock.Advance(TimeSpan.FromDays(30));
        await _relay.Logs.FindAsync(line => string.Equals(line["Entries"], "3", StringComparison.Ordinal) && string.Equals(line["KeyId"], caller.Key.Id, StringComparison.Ordinal));

        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM usage_entries"));
        Assert.Equal(before, await Task.WhenAll(paths.Select(path => admin.GetStringAsync(new Uri(path, UriKind.Relative)))));
        Assert.Equal((3L, caller.Billed), ((await caller.UsageAsync()).Requests, (await caller.UsageAsync()).Tokens));
        await AssertVerifiedAsync(admin, entries: 0);

        await caller.AskAsync(RelayCaller.Chat());
        Assert.Equal((4L, caller.Billed), ((await caller.UsageAsync()).Requests, (await caller.UsageAsync()).Tokens));
        Assert.Equal((4L, caller.Billed), ((await caller.UserUsageAsync()).Requests, (await caller.UserUsageAsync()).Tokens));
        await AssertVerifiedAsync(admin, entries: 1);
    }

    private static async Task AssertVerifiedAsync(HttpClient admin, long entries)
    {
        using var response = await admin.PostAsync(new Uri("verify", UriKind.Relative), null);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("[]", body.GetProperty("differences").GetRawText());
        Assert.Equal(entries, body.GetProperty("entries").GetInt64());
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_data, "relay.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A statement of this test's.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
