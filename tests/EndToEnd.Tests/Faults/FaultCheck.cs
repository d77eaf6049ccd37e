using System.Data.Common;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>What must hold after any fault.</summary>
internal static class FaultCheck
{
    private const int OutboxTriesMax = 600;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Makes keys, each for a user of its own.</summary>
    public static async Task<IReadOnlyList<LoadKey>> CreateKeysAsync(RelayProcess relay, string adminKey, int count = 4)
    {
        using var admin = await relay.ClientAsync(adminKey);
        var keys = new List<LoadKey>();
        for (var i = 0; i < count; i++)
        {
            var user = string.Create(CultureInfo.InvariantCulture, $"user-{i}");
            using var created = await admin.PostAsJsonAsync(
                "/admin/api/keys", new { user, limits = new[] { new { metric = "tokens", window = "total", amount = 1_000_000_000 } } });
            var key = await Chat.ReadAsync(created);
            keys.Add(new LoadKey(key.GetProperty("id").GetString()!, user, key.GetProperty("key").GetString()!));
        }

        return keys;
    }

    /// <summary>
    /// Calls once with each key, so that nothing waits in the outbox any more; then: every call that ended normally is in the ledger
    /// once with the upstream's own count, no call is there twice, and the grains' totals are the ledger's.
    /// </summary>
    public static async Task AssertCountedAsync(RelayProcess relay, string adminKey, IReadOnlyList<LoadKey> keys, FaultLoad load, FakeUpstream upstream)
    {
        var address = await relay.ListeningAsync();
        foreach (var key in keys)
        {
            await load.CallUntilAdmittedAsync(address, key);
        }

        using var admin = await relay.ClientAsync(adminKey);
        var outbox = await Chat.GetAsync(admin, "outbox");
        for (var i = 0; i < OutboxTriesMax && outbox.GetProperty("waiting").GetInt32() > 0; i++)
        {
            // Of keys that are not called here.
            await Task.Delay(Pause);
            outbox = await Chat.GetAsync(admin, "outbox");
        }

        Assert.Equal((0, 0), (outbox.GetProperty("waiting").GetInt32(), outbox.GetProperty("set_aside").GetInt32()));

        var bill = upstream.Bill.Entries.ToLookup(entry => entry.Model, StringComparer.Ordinal);
        var counted = await RowsAsync(admin, "model");
        Assert.All(load.Ended, model =>
        {
            var billed = Assert.Single(bill[model]).Usage;
            var row = Assert.Contains(model, counted);
            Assert.Equal(
                (1, billed.InputTokens, billed.CachedInputTokens, billed.OutputTokens),
                (Number(row, "requests"), Number(row, "input_tokens"), Number(row, "cached_input_tokens"), Number(row, "output_tokens")));
        });

        // A call that was never sent and whose release came after its expiry is taken back, and its row is of zeros.
        Assert.All(counted.Values, static row => Assert.True(
            Number(row, "requests") == 1 || (Number(row, "requests"), Number(row, "input_tokens"), Number(row, "output_tokens")) == (0, 0, 0),
            $"A call is counted as {row}."));

        var byKey = await RowsAsync(admin, "key");
        var byUser = await RowsAsync(admin, "user");
        foreach (var key in keys)
        {
            // The key's grain, and the ledger's two ways to say the same.
            var usage = await Chat.GetAsync(admin, $"keys/{key.Id}/usage");
            var totals = Totals(usage.GetProperty("totals"));
            Assert.Equal(Totals(byKey[key.Id]), totals);
            Assert.Equal(Totals(byUser[key.User]), totals);
            Assert.Equal(totals.Input + totals.Output, Number(Assert.Single(usage.GetProperty("limits").EnumerateArray()), "used"));
        }

        using var verified = await admin.PostAsync(new Uri("/admin/api/verify", UriKind.Relative), null);
        var verification = await Chat.ReadAsync(verified);
        Assert.InRange(verification.GetProperty("keys").GetInt32(), keys.Count, int.MaxValue);
        var differences = verification.GetProperty("differences");
        Assert.True(differences.GetArrayLength() == 0, $"The verification found {differences}.");
    }

    /// <summary>No part of a call is there twice, and no key's sequence has a gap.</summary>
    public static async Task AssertWholeAsync(DbConnection database)
    {
        await database.OpenAsync();
        Assert.Equal(0, await CountAsync(
            database, "SELECT COUNT(*) FROM (SELECT request_id FROM usage_entries GROUP BY request_id, part HAVING COUNT(*) > 1) AS twice"));
        Assert.Equal(0, await CountAsync(
            database,
            "SELECT COUNT(*) FROM (SELECT key_id FROM usage_entries GROUP BY key_id "
            + "HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*) OR COUNT(DISTINCT sequence) <> COUNT(*)) AS gaps"));
    }

    private static async Task<long> CountAsync(DbConnection database, string sql)
    {
        await using var command = database.CreateCommand();
#pragma warning disable CA2100 // The two statements above, and no text from anywhere else.
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private static async Task<Dictionary<string, JsonElement>> RowsAsync(HttpClient admin, string group) =>
        (await Chat.GetAsync(admin, $"usage?group_by={group}")).GetProperty("data").EnumerateArray()
            .ToDictionary(row => row.GetProperty(group).GetString()!, StringComparer.Ordinal);

    private static (long Requests, long Input, long Cached, long Output, long Reasoning) Totals(JsonElement row) => (
        Number(row, "requests"),
        Number(row, "input_tokens"),
        Number(row, "cached_input_tokens"),
        Number(row, "output_tokens"),
        Number(row, "reasoning_tokens"));

    private static long Number(JsonElement row, string name) => row.GetProperty(name).GetInt64();
}
