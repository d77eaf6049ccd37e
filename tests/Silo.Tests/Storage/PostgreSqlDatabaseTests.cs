using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using static Relay.Silo.Tests.Ledger.UsageEntries;
using static Relay.Silo.Tests.Storage.ServerTestDatabase;

namespace Relay.Silo.Tests.Storage;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlDatabaseTests(PostgreSqlTestDatabase fixture)
    : ServerDatabaseContract, IClassFixture<PostgreSqlTestDatabase>
{
    private protected override ServerTestDatabase Database => fixture.Database;

    private protected override string StayOpen => "SET LOCAL idle_in_transaction_session_timeout = 0; ";

    [SkippableFact]
    public async Task ReadAsync_EveryConnection_HasTimeOuts()
    {
        var database = Database.Create();

        Assert.Equal(
            ["4s", "5s", "30s"],
            await QueryAsync<string>(
                database,
                "SELECT current_setting(name) FROM pg_settings "
                + "WHERE name IN ('lock_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout') ORDER BY name"));
    }

    [SkippableFact]
    public async Task Open_UserWhoMayOnlyReadAndWrite_IsEnoughOnceTheSchemaExists()
    {
        var owner = Database.Create();
        owner.Open();
        var user = $"relay_{Guid.NewGuid():N}";
        await ExecuteAsync(owner, $"REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {user} LOGIN PASSWORD 'p'; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}");
        try
        {
            var connectionString = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = user, Password = "p" }.ConnectionString;
            using var database = new ServerDatabase(Database.Dialect, connectionString, TimeProvider.System, NullLogger<ServerDatabase>.Instance);

            database.Open();

            await new SqlUsageLedger(database, new UnrolledSums()).AppendAsync([Entry("key_1", 1)], default);
            Assert.Equal([user], await QueryAsync<string>(database, "SELECT current_user FROM usage_entries"));
        }
        finally
        {
            await ExecuteAsync(owner, $"DROP OWNED BY {user}; DROP ROLE {user}");
        }
    }

    [SkippableFact]
    public async Task Open_JournalOfAnotherProgramInAnotherSchema_IsNotTakenForOurs()
    {
        var database = Database.Create();
        await ExecuteAsync(database, "CREATE SCHEMA other; CREATE TABLE other.schema_versions (scriptname text); INSERT INTO other.schema_versions VALUES ('x')");
        try
        {
            database.Open();

            Assert.Empty(await QueryAsync<string>(database, "SELECT user_id FROM usage_entries"));
        }
        finally
        {
            await ExecuteAsync(database, "DROP SCHEMA other CASCADE");
        }
    }

    [SkippableFact]
    public async Task Open_NoSuchUser_NamesTheDatabaseAndNotThePassword()
    {
        var builder = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = "nobody-here", Password = "s3cret" };
        using var database = new ServerDatabase(Database.Dialect, builder.ConnectionString, TimeProvider.System, NullLogger<ServerDatabase>.Instance);

        var exception = Assert.Throws<MigrationException>(database.Open);

        Assert.Contains(builder.Database!, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", exception.ToString(), StringComparison.Ordinal);
        Assert.Empty(await TablesAsync(Database.Create()));
    }

    [SkippableFact]
    public async Task WriteAsync_SerializationFailure_RunsAgain()
    {
        var runs = 0;

        await Database.Create().WriteAsync(
            (_, _) => ++runs < 3
                ? throw new PostgresException("lost", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure)
                : Task.CompletedTask,
            default);

        Assert.Equal(3, runs);
    }

    [SkippableFact]
    public async Task WriteAsync_OtherFailure_RunsOnce()
    {
        var runs = 0;

        await Assert.ThrowsAsync<PostgresException>(() => Database.Create().WriteAsync(
            (_, _) =>
            {
                runs++;
                throw new PostgresException("no room", "ERROR", "ERROR", PostgresErrorCodes.DiskFull);
            },
            default));

        Assert.Equal(1, runs);
    }
}
