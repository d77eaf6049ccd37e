using LinqToDB;
using LinqToDB.Data;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlUsageReportTests(PostgreSqlTestDatabase fixture)
    : UsageReportContract, IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime
{
    private protected override IRelayDatabase Database => fixture.Database.One;

    private protected override IRelayDatabase OtherDatabase => fixture.Database.Other;

    /// <summary>Of a ledger that is worth an index; of a small one the server may well read all.</summary>
    [SkippableTheory]
    [InlineData(null)]
    [InlineData("ada")]
    public async Task Sums_EntriesInNoSumYet_AreFoundKeyByKey(string? user)
    {
        await FillAsync();

        var plan = await Database.ReadAsync(
            (connection, token) =>
            {
                var sql = UsageReport.Sums(connection, new UsageQuery { User = user }).ToSqlQuery(new() { InlineParameters = true }).Sql;
                return connection.QueryToListAsync<string>("EXPLAIN (COSTS OFF) " + sql, token);
            },
            default);

        Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on usage_entries", StringComparison.Ordinal));
        Assert.Contains(plan, line => line.Contains("(sequence > ", StringComparison.Ordinal) && line.Contains("Index Cond", StringComparison.Ordinal));
    }

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private Task FillAsync() => Database.WriteAsync(
        async (connection, token) =>
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO usage_entries
                SELECT 'key_' || g % 100, g / 100 + 1, g, 0, 1, 'ada', NULL, g, '', '', 0, 0, 1, 1, 0, 0, 1, 0, 0, '', '', 200, NULL, '', 1, g, NULL, g
                FROM generate_series(0, 29999) g
                """,
                token);
            await connection.ExecuteAsync("INSERT INTO usage_positions SELECT 'key_' || g, 299 FROM generate_series(0, 99) g", token);
            await connection.ExecuteAsync("ANALYZE usage_entries, usage_positions", token);
        },
        default);
}
