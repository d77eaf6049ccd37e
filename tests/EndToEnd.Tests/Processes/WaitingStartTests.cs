using System.Globalization;
using System.Net;
using System.Text.Json;
using Npgsql;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

/// <summary>Processes of a cluster that start before what they need is there.</summary>
public sealed class WaitingStartTests : IAsyncLifetime
{
    private const string Secret = "the-database-password";

    private readonly WorkingDirectory _directory = new();
    private readonly string _address = string.Create(CultureInfo.InvariantCulture, $"127.251.{Random.Shared.Next(250)}.{Random.Shared.Next(1, 250)}");
    private PrivatePostgres _postgres = null!;

    public async Task InitializeAsync()
    {
        var postgres = await PrivatePostgres.StartNewAsync();
        Skip.If(postgres is null, "There is no PostgreSQL: install the package postgresql.");
        _postgres = postgres;
        Directory.CreateDirectory(_directory["silo"]);
        Directory.CreateDirectory(_directory["frontend"]);
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE ROLE {PrivatePostgres.GuardedAccount} LOGIN SUPERUSER PASSWORD '{Secret}'";
        await command.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        _directory.Delete();
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_TheDatabaseRefusesThePassword_IsOneLineWithoutItAndExitCode1(bool isSilo)
    {
        await using var process = isSilo ? LaunchSilo("another-password") : LaunchFrontend("another-password");

        Assert.Equal(1, await process.ExitAsync());
        var line = Assert.Single(process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("Relay could not start: The database 'postgres on ", line, StringComparison.Ordinal);
        Assert.Contains("password authentication failed", line, StringComparison.Ordinal);
        Assert.DoesNotContain("another-password", line + process.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Start_TheDatabaseIsAwayAndThenNoSiloIsThere_WaitsSaysSoAndStartsOnceBothAre()
    {
        await _postgres.StopAsync();
        await using var frontend = LaunchFrontend(Secret);
        await frontend.WroteAsync("Waiting to start; next try in 2 s. The database 'postgres on ");
        using var client = new HttpClient { BaseAddress = new Uri($"http://{_address}:8080") };
        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative));
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        using var call = await Chat.CallAsync(client, "gpt-4o");

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(["cluster", "database", "startup"], await FailingAsync(ready));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, call.StatusCode);
        Assert.Equal("server_is_starting", (await Chat.ReadAsync(call)).GetProperty("error").GetProperty("code").GetString());

        await _postgres.StartAsync();
        await frontend.WroteAsync("No silo of the cluster 'relay' that the database 'postgres on ");
        await using var silo = LaunchSilo(Secret);
        await silo.ListeningAsync();
        await frontend.ListeningAsync();
        using var readyNow = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, readyNow.StatusCode);
        Assert.Equal(0, await frontend.StopAsync());
        Assert.Equal(0, await silo.StopAsync());
        Assert.DoesNotContain(Secret, frontend.Output + frontend.Errors + silo.Output + silo.Errors, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Start_OfASiloWhoseDatabaseIsAway_WaitsSaysSoAndStartsOnceItIsThere()
    {
        await _postgres.StopAsync();
        await using var silo = LaunchSilo(Secret);
        await silo.WroteAsync("Waiting to start; next try in 2 s. The database 'postgres on ");
        using var client = new HttpClient { BaseAddress = new Uri($"http://{_address}:8081") };
        using var live = await client.GetAsync(new Uri("/health/live", UriKind.Relative));
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(["silo", "database", "startup"], await FailingAsync(ready));

        await _postgres.StartAsync();
        await silo.ListeningAsync();
        using var readyNow = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, readyNow.StatusCode);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Terminated_WhileItWaitsForTheDatabase_EndsWithExitCode0(bool isSilo)
    {
        await _postgres.StopAsync();
        await using var process = isSilo ? LaunchSilo(Secret) : LaunchFrontend(Secret);
        await process.WroteAsync("Waiting to start; ");

        Assert.Equal(0, await process.StopAsync());
        Assert.Empty(process.Errors);
    }

    private RelayProcess LaunchSilo(string password) =>
        RelayProcess.LaunchSilo(_directory["silo"], Environment(password), "--urls", $"http://{_address}:8081");

    private RelayProcess LaunchFrontend(string password)
    {
        var environment = Environment(password);
        environment["Relay__Role"] = "Frontend";
        environment["RELAY_ADMIN_KEY"] = "any";
        environment["OPENAI_API_KEY"] = "any";
        return RelayProcess.Launch(_directory["frontend"], environment, "--urls", $"http://{_address}:8080");
    }

    private Dictionary<string, string> Environment(string password) => new(StringComparer.Ordinal)
    {
        ["Relay__Database__Provider"] = "PostgreSql",
        ["ConnectionStrings__Relay"] = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString)
        {
            Username = PrivatePostgres.GuardedAccount,
            Password = password,
        }.ConnectionString,
        ["Relay__Cluster__Address"] = _address,
    };

    private static async Task<IEnumerable<string>> FailingAsync(HttpResponseMessage ready) =>
        JsonElement.Parse(await ready.Content.ReadAsStringAsync()).GetProperty("checks").EnumerateObject()
            .Where(check => string.Equals(check.Value.GetProperty("status").GetString(), "failing", StringComparison.Ordinal))
            .Select(check => check.Name);
}
