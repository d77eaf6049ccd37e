using LinqToDB.Data;
using Relay.Grains.Ledger;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using static Relay.Silo.Tests.Ledger.UsageEntries;
using static Relay.Silo.Tests.Storage.ServerTestDatabase;

namespace Relay.Silo.Tests.Storage;

/// <summary>What every database server's schema and transactions do. Each test begins without a table.</summary>
public abstract class ServerDatabaseContract : IAsyncLifetime
{
    private const string Key = "key_aaaaaaaaaaaaaaaa";

    private protected abstract ServerTestDatabase Database { get; }

    /// <summary>What keeps the server from ending a transaction in which nothing happens.</summary>
    private protected virtual string StayOpen => "";

    public Task InitializeAsync() => Database.DropTablesAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [SkippableFact]
    public async Task Open_EmptyDatabase_MakesEveryTable()
    {
        var database = Database.Create();

        database.Open();

        Assert.Equal(
            ["account_versions", "accounts", "allotment_windows", "allotments", "api_keys", "grain_state", "key_owners", "limits", "lost_claims", "membership", "membership_versions", "orleansquery", "schema_versions", "silo_leases", "usage_carried", "usage_entries", "usage_hourly", "usage_positions"],
            (await TablesAsync(database)).Select(table => table.ToLowerInvariant()).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public async Task Open_Again_RunsNoScript()
    {
        var database = Database.Create();
        database.Open();
        await ExecuteAsync(database, "UPDATE schema_versions SET applied = '2020-01-01'");

        Database.Create().Open();

        Assert.Equal(ScriptNames(), await JournalAsync(database));
        Assert.Equal([ScriptNames().Count], await QueryAsync<int>(database, "SELECT COUNT(*) FROM schema_versions WHERE applied = '2020-01-01'"));
    }

    [SkippableFact]
    public async Task Open_ManyAtOnce_EachScriptRunsOnce()
    {
        var databases = Enumerable.Range(0, 6).Select(_ => Database.Create()).ToList();

        await Task.WhenAll(databases.Select(database => Task.Run(database.Open)));

        Assert.Equal(ScriptNames(), await JournalAsync(databases[0]));
        await new SqlUsageLedger(databases[1], new UnrolledSums()).AppendAsync([Entry(Key, 1)], default);
    }

    [SkippableFact]
    public async Task Open_EverySchemaOfAnEarlierVersion_BecomesTheSameAsANewOneAndKeepsItsRows()
    {
        Database.Create().Open();
        var expected = await Database.ColumnsAsync();
        var scripts = SchemaMigrator.EmbeddedScripts(Database.Dialect.ScriptFolder);
        for (var ran = 1; ran < scripts.Count; ran++)
        {
            await Database.DropTablesAsync();
            var database = Database.Create();
            database.Open(scripts.Take(ran));
            await ExecuteAsync(database, "INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES ('key', 'k', 0, 'tokens', 'day', 5, NULL)");
            await FillLedgerAsync(database, scripts[ran - 1].Name);
            await AddKeyAsync(database, "ann", createdAt: 8);
            await AddKeyAsync(database, "ann", createdAt: 7);

            Database.Create().Open();

            Assert.Equal(expected, await Database.ColumnsAsync());
            Assert.Equal([5L], await QueryAsync<long>(database, "SELECT amount FROM limits"));
            Assert.Equal(
                scripts.Take(ran).Any(script => script.Name.Contains("0012", StringComparison.Ordinal)) ? [] : ["user ann 7"],
                await QueryAsync<string>(database, "SELECT CONCAT(level, ' ', id, ' ', created_at) FROM accounts"));
            if (ran > 1)
            {
                // A report finds an entry only by its key's position.
                Assert.Equal(30, Assert.Single(await new SqlUsageLedger(database, new UnrolledSums()).SumAsync(new(), default)).Totals.Tokens.InputTokens);
                Assert.Equal(
                    ["key_a 0 0 0", "key_b 0 0 0"],
                    await QueryAsync<string>(
                        database,
                        "SELECT CONCAT(key_id, ' ', rolled_up_sequence, ' ', dropped_sequence, ' ', dropped_reserved_at) FROM usage_positions ORDER BY key_id"));
            }
        }
    }

    [SkippableFact]
    public async Task Open_DatabaseOfANewerVersion_NamesTheScriptThatItDoesNotKnow()
    {
        var database = Database.Create();
        database.Open();
        await ExecuteAsync(database, "INSERT INTO schema_versions (scriptname, applied) VALUES ('9999-later.sql', '2030-01-01')");

        var exception = Assert.Throws<MigrationException>(() => Database.Create().Open());

        Assert.Contains("9999-later.sql", exception.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Open_ScriptThatFails_NamesItAndLeavesNothingOfIt()
    {
        var database = Database.Create();

        var exception = Assert.Throws<MigrationException>(() => database.Open(
            [new DbUp.Engine.SqlScript("0009-half.sql", "CREATE TABLE half (x int); INSERT INTO no_such_table VALUES (1);")]));

        Assert.Contains("0009-half.sql", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("half", await TablesAsync(database), StringComparer.Ordinal);
    }

    [SkippableFact]
    public async Task WriteAsync_ThatThrows_CommitsNothing()
    {
        Database.Create().Open();
        var database = Database.Create();

        await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync("INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES ('key', 'k', 0, 'tokens', 'day', 5, NULL)", token);
                throw new InvalidOperationException();
            },
            default));

        Assert.Equal([0], await QueryAsync<int>(database, "SELECT COUNT(*) FROM limits"));
    }

    [SkippableFact]
    public async Task WriteAsync_TwoThatWaitForEachOther_BothCommit()
    {
        var database = Database.Create();
        database.Open();
        await ExecuteAsync(database, "INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES ('key', 'a', 0, 'tokens', 'day', 0, NULL), ('key', 'b', 0, 'tokens', 'day', 0, NULL)");
        var firstHasOne = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var secondHasOne = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // Each holds its first row before it asks for the other's; whoever is chosen to give way must come again.
        await Task.WhenAll(
            IncrementAsync("a", firstHasOne, secondHasOne.Task, "b"),
            IncrementAsync("b", secondHasOne, firstHasOne.Task, "a"));

        Assert.Equal([2L, 2L], await QueryAsync<long>(database, "SELECT amount FROM limits ORDER BY owner_id"));

        Task IncrementAsync(string first, TaskCompletionSource hasFirst, Task otherHasFirst, string second) => database.WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync($"UPDATE limits SET amount = amount + 1 WHERE owner_id = '{first}'", token);
                hasFirst.TrySetResult();
                await otherHasFirst;
                await connection.ExecuteAsync($"UPDATE limits SET amount = amount + 1 WHERE owner_id = '{second}'", token);
            },
            default);
    }

    [SkippableFact]
    public async Task WriteAsync_RowThatAnotherSiloHoldsForever_GivesUp()
    {
        var database = Database.Create();
        database.Open();
        await ExecuteAsync(database, "INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES ('key', 'a', 0, 'tokens', 'day', 0, NULL)");
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var givenUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holder = Database.Create().WriteAsync(
            async (connection, token) =>
            {
                await connection.ExecuteAsync($"{StayOpen}UPDATE limits SET amount = 1", token);
                held.TrySetResult();
                await givenUp.Task;
            },
            default);
        await held.Task;

        try
        {
            await Assert.ThrowsAsync<TimeoutException>(() => ExecuteAsync(database, "UPDATE limits SET amount = 2"));
        }
        finally
        {
            givenUp.SetResult();
        }

        await holder;
        Assert.Equal([1L], await QueryAsync<long>(database, "SELECT amount FROM limits"));
    }

    [SkippableFact]
    public async Task ReadAtOneMoment_OfALane_NeverWaitsForReports()
    {
        var (database, lane) = Database.CreateWithLane();
        database.Open();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = Enumerable.Range(0, IServerDialect.LanePoolSize)
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var reports = begun.ConvertAll(mine => database.ReadAtOneMomentAsync(
            async (connection, token) =>
            {
                var one = await connection.ExecuteAsync<int>("SELECT 1", token);
                mine.SetResult();
                await read.Task;
                return one;
            },
            default));
        await Task.WhenAll(begun.Select(mine => mine.Task));

        Assert.Equal(2, await lane.ReadAtOneMomentAsync((connection, token) => connection.ExecuteAsync<int>("SELECT 2", token), default));

        read.SetResult();
        await Task.WhenAll(reports);
    }

    [SkippableFact]
    public async Task IsUniqueViolation_OtherFailure_IsFalse()
    {
        var database = Database.Create();
        database.Open();

        var exception = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => ExecuteAsync(database, "INSERT INTO limits (owner_level, owner_id, ordinal, metric, \"window\", amount, model) VALUES (NULL, 'a', 0, 'tokens', 'day', 0, NULL)"));

        Assert.False(database.IsUniqueViolation(exception));
    }

    [SkippableFact]
    public async Task Append_NoTable_IsNoConflict()
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(
            () => new SqlUsageLedger(Database.Create(), new UnrolledSums()).AppendAsync([Entry(Key, 1)], default));

        Assert.IsNotType<LedgerConflictException>(exception);
    }

    [SkippableFact]
    public async Task Dispose_ThenCall_Throws()
    {
        var database = Database.Create();
        database.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => QueryAsync<int>(database, "SELECT 1"));
    }

    /// <summary>Entries of two keys, and their positions, as far as the schema that a script has left has such tables.</summary>
    private static async Task FillLedgerAsync(ServerDatabase database, string lastScript)
    {
        if (string.CompareOrdinal(lastScript, "0002") > 0)
        {
            foreach (var (key, sequence) in new[] { ("key_a", 1), ("key_a", 2), ("key_b", 1) })
            {
                await ExecuteAsync(
                    database,
                    "INSERT INTO usage_entries (key_id, sequence, request_id, part, requests, user_id, reserved_at, endpoint, model, "
                    + "input_tokens_held, output_tokens_held, choices, input_tokens, cached_input_tokens, audio_input_tokens, output_tokens, "
                    + "reasoning_tokens, audio_output_tokens, source, outcome, http_status, upstream, attempts, started_at, ended_at) "
                    + $"VALUES ('{key}', {sequence}, '{key}-{sequence}', 0, 1, 'ann', 0, '', '', 0, 0, 1, 10, 0, 0, 0, 0, 0, '', '', 200, '', 1, 0, 0)");
            }
        }

        if (string.CompareOrdinal(lastScript, "0004") > 0)
        {
            await ExecuteAsync(database, "INSERT INTO usage_positions (key_id, rolled_up_sequence) VALUES ('key_a', 0), ('key_b', 0)");
        }
    }

    private Task AddKeyAsync(ServerDatabase database, string user, long createdAt) => ExecuteAsync(
        database,
        "INSERT INTO api_keys (id, name, user_id, hash, hint, models, created_at) "
        + $"VALUES ('k{createdAt}', 'k', '{user}', {(Database.Dialect is SqlServerDialect ? "0x00" : "''")}, '', '[]', {createdAt})");

    private static Task<List<string>> JournalAsync(ServerDatabase database) =>
        QueryAsync<string>(database, "SELECT scriptname FROM schema_versions ORDER BY scriptname");

    private List<string> ScriptNames() =>
        [.. SchemaMigrator.EmbeddedScripts(Database.Dialect.ScriptFolder).Select(script => script.Name)];
}
