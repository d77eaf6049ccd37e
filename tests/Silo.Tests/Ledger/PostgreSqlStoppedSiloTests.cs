using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Relay.Silo.Ledger;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Storage;
using static Relay.Silo.Tests.Ledger.UsageEntries;

namespace Relay.Silo.Tests.Ledger;

/// <summary>A silo that stops, with its connection open, in the middle of what it sends to append a batch.</summary>
[Collection(PostgreSqlGroup.Name)]
public sealed class PostgreSqlStoppedSiloTests(PostgreSqlTestDatabase fixture) : IClassFixture<PostgreSqlTestDatabase>, IAsyncLifetime
{
    // More than the 1,000 that PostgreSQL gathers of a COPY before it writes any, for a test that would fail with one.
    private const int Rows = 2500;

    public Task InitializeAsync() => fixture.Database.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    // The other silo waits up to 20 s, so that a slow machine does not fail the test; a lock without a limit does.
    [SkippableTheory]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public async Task Append_SiloStoppedAmidItsAppend_LeavesTheKeyToTheOther(double share)
    {
        Task stopped;
        await using (var gate = new StallingGate(EndPointOf(fixture.Database.ConnectionString)))
        {
            using var stopping = Open(
                new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString) { Host = "127.0.0.1", Port = gate.Port, MaxPoolSize = 1 },
                "-c idle_in_transaction_session_timeout=3000");
            using var other = Open(new NpgsqlConnectionStringBuilder(fixture.Database.ConnectionString), "-c lock_timeout=20000");
            await AppendAsync(stopping, "key_1");
            gate.StallAfter(long.MaxValue);
            await AppendAsync(stopping, "key_2");

            gate.StallAfter((long)((gate.Bytes - 1) * share));
            stopped = AppendAsync(stopping, "key_3");
            await gate.Stalled;

            await new SqlUsageLedger(other, new UnrolledSums()).AppendAsync([Entry("key_3", 1), Entry("key_3", 2)], default);

            Assert.Equal([1, 2], (await new SqlUsageLedger(other, new UnrolledSums()).ReadTailAsync("key_3", 0, default)).Select(entry => entry.Sequence));
        }

        await Assert.ThrowsAnyAsync<Exception>(() => stopped);
    }

    private static ServerDatabase Open(NpgsqlConnectionStringBuilder connection, string options)
    {
        connection.Options = options;
        return new ServerDatabase(new PostgreSqlDialect(), connection.ConnectionString, TimeProvider.System, NullLogger<ServerDatabase>.Instance);
    }

    private static Task AppendAsync(ServerDatabase database, string key) => new SqlUsageLedger(database, new UnrolledSums()).AppendAsync(
        [.. Enumerable.Range(1, Rows).Select(sequence => Entry(key, sequence))], default);

    private static EndPoint EndPointOf(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return builder.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint(Path.Combine(builder.Host, $".s.PGSQL.{builder.Port}"))
            : new DnsEndPoint(builder.Host, builder.Port, AddressFamily.InterNetwork);
    }
}
