using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Deployment;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>The script with which a newcomer tries a cluster.</summary>
public sealed class ClusterScriptTests : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _directory.Delete();
        return Task.CompletedTask;
    }

    [SkippableFact]
    public async Task Script_StartedAndStopped_ServesCallsOfTheSimulatedModelAndLeavesNothingRunning()
    {
        Skip.IfNot(Directory.Exists("/usr/lib/postgresql"), "There is no PostgreSQL: install the package postgresql.");

        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            // PostgreSQL runs as another user then, who must be able to enter.
            File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        }

        // A loopback address that nobody else is at, so that its ports are free.
        var address = string.Create(CultureInfo.InvariantCulture, $"127.250.{Random.Shared.Next(250)}.{Random.Shared.Next(1, 250)}");
        await using var script = RelayProcess.LaunchScript(
            _directory.FullPath,
            Repository.PathOf("scripts/cluster.sh"),
            "--no-build", "--configuration", RelayProcess.Configuration, "--silos", "2", "--frontends", "2", "--address", address);
        await script.ListeningAsync();
        using var admin = await script.ClientAsync(script.Find("Admin key: "));
        using var created = await admin.PostAsJsonAsync("/admin/api/keys", new { user = "ann" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var client = await script.ClientAsync((await Chat.ReadAsync(created)).GetProperty("key").GetString());

        using var answer = await Chat.CallAsync(client, "relay-echo", content: "hello cluster");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("hello cluster", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await script.StopAsync());
        Assert.DoesNotContain(System.Diagnostics.Process.GetProcesses(), process => IsOf(process, address));
    }

    private static bool IsOf(System.Diagnostics.Process process, string address)
    {
        var commandLine = $"/proc/{process.Id}/cmdline";
        try
        {
            return File.Exists(commandLine) && File.ReadAllText(commandLine).Contains(address, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has just ended.
            return false;
        }
    }
}
