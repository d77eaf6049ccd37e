using LinqToDB;
using LinqToDB.Data;
using Relay.Grains.Usage;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;

namespace Relay.Silo.Tests.Ledger;

public sealed class SqliteUsageReportTests : UsageReportContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    private protected override IRelayDatabase Database => _database.Database;

    // One process owns a file: there is no other silo.
    private protected override IRelayDatabase OtherDatabase => Database;

    [Theory]
    [InlineData(null)]
    [InlineData("ada")]
    public async Task Sums_EntriesInNoSumYet_AreFoundKeyByKey(string? user)
    {
        var plan = await Database.ReadAsync(
            (connection, token) =>
            {
                var sql = UsageReport.Sums(connection, new UsageQuery { User = user }).ToSqlQuery(new() { InlineParameters = true }).Sql;
                return connection.QueryToListAsync(reader => reader.GetString(3), "EXPLAIN QUERY PLAN " + sql, token);
            },
            default);

        Assert.Contains("SEARCH entry_1 USING INDEX sqlite_autoindex_usage_entries_1 (key_id=? AND sequence>?)", plan);
    }

    public void Dispose() => _database.Dispose();
}
