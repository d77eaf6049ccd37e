using Microsoft.Data.SqlClient;
using Npgsql;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>What needs no server.</summary>
public sealed class ServerDialectTests
{
    [Fact]
    public void Complete_PostgreSql_AddsDefaultsThatTheOperatorOutranks()
    {
        var dialect = ServerDialects.Find(DatabaseProvider.PostgreSql)!;

        var plain = new NpgsqlConnectionStringBuilder(dialect.Complete("Host=db"));
        var own = new NpgsqlConnectionStringBuilder(dialect.Complete("Host=db;Maximum Pool Size=7;Max Auto Prepare=0;Options=-c lock_timeout=1"));

        Assert.Equal((30, 40), (plain.MaxPoolSize, plain.MaxAutoPrepare));
        Assert.Equal((7, 0), (own.MaxPoolSize, own.MaxAutoPrepare));
        Assert.EndsWith("-c statement_timeout=30000 -c lock_timeout=1", own.Options, StringComparison.Ordinal);
    }

    [Fact]
    public void Complete_SqlServer_AddsDefaultsThatTheOperatorOutranks()
    {
        var dialect = ServerDialects.Find(DatabaseProvider.SqlServer)!;

        Assert.Equal(30, new SqlConnectionStringBuilder(dialect.Complete("Server=db;Database=relay")).MaxPoolSize);
        Assert.Equal(7, new SqlConnectionStringBuilder(dialect.Complete("Server=db;Database=relay;Max Pool Size=7")).MaxPoolSize);
    }

    [Theory]
    [InlineData(PostgresErrorCodes.InvalidPassword, false)]
    [InlineData(PostgresErrorCodes.InvalidAuthorizationSpecification, false)]
    [InlineData(PostgresErrorCodes.InvalidCatalogName, false)]
    [InlineData(PostgresErrorCodes.InsufficientPrivilege, false)]
    [InlineData(PostgresErrorCodes.CannotConnectNow, true)]
    [InlineData(PostgresErrorCodes.AdminShutdown, true)]
    [InlineData(PostgresErrorCodes.TooManyConnections, true)]
    public void IsOutage_AnswerOfPostgreSql_IsOneWhenAnotherTryMaySucceed(string sqlState, bool expected) => Assert.Equal(
        expected, ServerDialects.Find(DatabaseProvider.PostgreSql)!.IsOutage(new PostgresException("", "FATAL", "FATAL", sqlState)));

    [Theory]
    [InlineData(nameof(DatabaseProvider.PostgreSql), "Host=127.0.0.1;Port=1;Database=relay;Username=u")]
    [InlineData(nameof(DatabaseProvider.PostgreSql), "Host=no-such-host.invalid;Database=relay;Username=u")]
    [InlineData(nameof(DatabaseProvider.SqlServer), "Server=127.0.0.1,1;Database=relay;Connect Timeout=5;Connect Retry Count=0")]
    public async Task IsOutage_NobodyListens_IsOne(string provider, string connectionString)
    {
        var dialect = ServerDialects.Find(Enum.Parse<DatabaseProvider>(provider))!;
        await using var connection = dialect.Connect(connectionString);

        var exception = await Assert.ThrowsAnyAsync<Exception>(() => connection.OpenAsync());

        Assert.True(dialect.IsOutage(exception), exception.ToString());
    }

    [Theory]
    [InlineData("Host=db;Port=5433;Database=relay;Username=u;Password=s3cret", "relay on db:5433")]
    [InlineData("Host=db;Username=u;Password=s3cret", "u on db:5432")]
    public void NameOf_PostgreSql_HasNoSecret(string connectionString, string expected) =>
        Assert.Equal(expected, ServerDialects.Find(DatabaseProvider.PostgreSql)!.NameOf(connectionString));

    [Fact]
    public void NameOf_SqlServer_HasNoSecret() => Assert.Equal(
        "relay on db",
        ServerDialects.Find(DatabaseProvider.SqlServer)!.NameOf("Server=db;Database=relay;User ID=u;Password=s3cret"));

    [Fact]
    public void EmbeddedScripts_EveryDatabase_HaveTheSameNames()
    {
        var names = Names("Sqlite");

        Assert.NotEmpty(names);
        Assert.Equal(names, Names("PostgreSql"));
        Assert.Equal(names, Names("SqlServer"));
    }

    // What stand-ins for SQL Server lack, or what is race-prone in SQL Server itself.
    [Fact]
    public void Migrations_SqlServer_StayWithinThePlainSubset() => Assert.All(
        SchemaMigrator.EmbeddedScripts("SqlServer"),
        script =>
        {
            foreach (var unfit in new[] { "MERGE", "CREATE OR ALTER", "ALTER COLUMN", "ALTER DATABASE", "WAITFOR", "HOLDLOCK", "UPDLOCK" })
            {
                Assert.DoesNotContain(unfit, script.Contents, StringComparison.OrdinalIgnoreCase);
            }
        });

    private static List<string> Names(string folder) => [.. SchemaMigrator.EmbeddedScripts(folder).Select(script => script.Name)];
}
