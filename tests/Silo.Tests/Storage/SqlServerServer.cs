using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Data.SqlClient;
using Testcontainers.MsSql;

namespace Relay.Silo.Tests.Storage;

/// <summary>
/// The SQL Server of one test run: the database that <c>RELAY_TEST_SQLSERVER</c> names, or of whatever speaks its protocol, else one
/// in a container when a Docker daemon answers. The database is for these tests alone: they delete every table in it.
/// </summary>
public sealed class SqlServerServer : IAsyncLifetime
{
    private const string Variable = "RELAY_TEST_SQLSERVER";
    private const string Image = "mcr.microsoft.com/mssql/server:2022-latest";
    private const string Database = "relay_test";

    private MsSqlContainer? _container;

    /// <summary>How to connect to the database; null when there is none.</summary>
    public string? ConnectionString { get; private set; }

    /// <summary>Why there is none.</summary>
    public string Missing { get; private set; } =
        $"There is no SQL Server: set {Variable} to the connection string of a database for tests, or start Docker.";

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            ConnectionString = configured;
            return;
        }

        if (!await IsDockerThereAsync())
        {
            return;
        }

        try
        {
            _container = new MsSqlBuilder(Image).Build();
            await _container.StartAsync();
            await using (var connection = new SqlConnection(_container.GetConnectionString()))
            {
                await connection.OpenAsync();
                await using var create = new SqlCommand($"CREATE DATABASE {Database}", connection);
                await create.ExecuteNonQueryAsync();
            }

            ConnectionString = new SqlConnectionStringBuilder(_container.GetConnectionString()) { InitialCatalog = Database }.ConnectionString;
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            // Without a network there is no image.
            Missing = $"A Docker daemon answers, but no SQL Server could be started in it: {exception.Message}";
        }
    }

    public async Task DisposeAsync()
    {
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }
    }

    private static async Task<bool> IsDockerThereAsync()
    {
        try
        {
            using var docker = Process.Start(new ProcessStartInfo("docker", ["info"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            await Task.WhenAll(docker.StandardOutput.ReadToEndAsync(), docker.StandardError.ReadToEndAsync());
            await docker.WaitForExitAsync();
            return docker.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
