using Microsoft.Extensions.Configuration;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

public sealed class DatabaseOptionsValidatorTests
{
    private const string Secret = "s3cret";

    [Theory]
    [InlineData("Sqlite", null)]
    [InlineData("sqlite", null)]
    [InlineData("PostgreSql", "Host=db;Database=relay;Username=relay;Password=s3cret")]
    [InlineData("postgresql", "Server=db")]
    [InlineData("SqlServer", "Server=tcp:db,1433;Database=relay;User ID=relay;Password=s3cret;Encrypt=True")]
    [InlineData("SQLSERVER", "Data Source=db;Initial Catalog=relay;Integrated Security=True")]
    public void Validate_Fit_FindsNothing(string provider, string? connectionString) =>
        Assert.Null(FindFault(provider, connectionString));

    [Theory]
    [InlineData("Oracle", null, "Relay:Database:Provider is 'Oracle': it must be Sqlite, PostgreSql or SqlServer")]
    [InlineData("", null, "it must be Sqlite, PostgreSql or SqlServer")]
    [InlineData("1", "Host=db", "it must be Sqlite, PostgreSql or SqlServer")]
    [InlineData("PostgreSql", null, "ConnectionStrings:Relay is missing")]
    [InlineData("SqlServer", " ", "ConnectionStrings:Relay is missing")]
    [InlineData("PostgreSql", "Database=relay;Password=s3cret", "names no Host")]
    [InlineData("SqlServer", "Database=relay;Password=s3cret", "names no Server")]
    [InlineData("SqlServer", "Server=db;Password=s3cret", "names no Database")]
    [InlineData("PostgreSql", "Host=db;Password=a;s3cret=b", "cannot be read")]
    [InlineData("PostgreSql", "Host=db;Port=s3cret", "cannot be read")]
    [InlineData("PostgreSql", "postgres://relay:s3cret@db/relay", "cannot be read")]
    [InlineData("SqlServer", "Server=db;Password=a;s3cret=b", "cannot be read")]
    [InlineData("SqlServer", "Server=db;Max Pool Size=s3cret", "cannot be read")]
    public void Validate_Unfit_SaysWhatWithoutTheSecret(string provider, string? connectionString, string expected)
    {
        var fault = FindFault(provider, connectionString);

        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, fault, StringComparison.Ordinal);
    }

    private static string? FindFault(string provider, string? connectionString)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("ConnectionStrings:Relay", connectionString)])
            .Build();
        return new DatabaseOptionsValidator(configuration).Validate(null, new DatabaseOptions { Provider = provider }).FailureMessage;
    }
}
