using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Relay.EndToEnd.Tests.Deployment;
using Relay.EndToEnd.Tests.Processes;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>The script with which a newcomer tries a cluster.</summary>
public sealed class ClusterScriptTests : IDisposable
{
    private readonly WorkingDirectory _directory = new();

    // A loopback address that nobody else is at, so that its ports are free, and that all of the script's programs name.
    private readonly string _address = string.Create(CultureInfo.InvariantCulture, $"127.250.{Random.Shared.Next(250)}.{Random.Shared.Next(1, 250)}");

    public void Dispose() => _directory.Delete();

    [SkippableTheory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Script_StartedAndStopped_ServesCallsOfTheSimulatedModelAndLeavesNothingRunning(string signal)
    {
        Skip.IfNot(Directory.Exists("/usr/lib/postgresql"), "There is no PostgreSQL: install the package postgresql.");
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            // PostgreSQL runs as another user then, who must be able to enter.
            File.SetUnixFileMode(_directory.FullPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        }

        await using var script = RelayProcess.LaunchScript(
            _directory.FullPath,
            Repository.PathOf("scripts/cluster.sh"),
            "--no-build", "--configuration", RelayProcess.Configuration, "--silos", "2", "--frontends", "2", "--address", _address);
        await script.ListeningAsync();
        using var admin = await script.ClientAsync(script.Find("Admin key: "));
        using var created = await admin.PostAsJsonAsync("/admin/api/keys", new { user = "ann" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var client = await script.ClientAsync((await Chat.ReadAsync(created)).GetProperty("key").GetString());

        using var answer = await client.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "relay-echo", stream = true, messages = new[] { new { role = "user", content = "hello cluster" } } });
        var running = Running();
        Assert.Equal(0, await script.StopAsync(signal));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.EndsWith("data: [DONE]\n\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // Two silos, two frontends, the upstream, and PostgreSQL; the load balancer too, where there is one.
        Assert.InRange(running.Count, 6, 40);
        Assert.Empty(Running());
        Assert.Empty(script.Errors);
    }

    /// <summary>The command lines of what the script started: they name its address, or its folder.</summary>
    private List<string> Running() =>
    [
        .. Process.GetProcesses()
            .Select(process => CommandLineOf(process.Id))
            .Where(line => !line.Contains("cluster.sh", StringComparison.Ordinal)
                && (line.Contains(_address, StringComparison.Ordinal) || line.Contains(_directory.FullPath, StringComparison.Ordinal))),
    ];

    private static string CommandLineOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just ended.
            return "";
        }
    }
}
