using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class FirstStartTests : IDisposable
{
    private readonly WorkingDirectory _directory = new();

    public void Dispose() => _directory.Delete();

    [Fact]
    public async Task FirstStart_EmptyDirectory_PrintsKeysAndAddress()
    {
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        Assert.Equal(0, await relay.StopAsync());

        Assert.Matches(new Regex("^relay-admin-[0-9A-Za-z]{40}$", default, TimeSpan.FromSeconds(1)), relay.Find("Admin key: "));
        Assert.Matches(new Regex("^sk-relay-[0-9A-Za-z]{62}$", default, TimeSpan.FromSeconds(1)), relay.Find("API key: "));
        Assert.Matches(new Regex(@"^http://127\.0\.0\.1:\d+$", default, TimeSpan.FromSeconds(1)), relay.Find("Listening on: "));
        Assert.Equal("", relay.Errors);
        Assert.DoesNotContain("Exception", relay.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstStart_NoUpstream_SaysSoAndServesTheSimulatedModel()
    {
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        using var client = await relay.ClientAsync(relay.Find("API key: "));

        using var answer = await Chat.CallAsync(client, "relay-echo");
        await relay.StopAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("hello there", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("NO UPSTREAM IS CONFIGURED", relay.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstStart_PrintedCurlLine_WorksInAShell()
    {
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        await relay.StopAsync();
        var line = relay.Output.Split('\n').Single(line => line.StartsWith("curl ", StringComparison.Ordinal));
        Assert.Contains(relay.Find("Listening on: ")!, line, StringComparison.Ordinal);

        // The line is whole only when the process has ended, so a second one answers, at an address of its own.
        await using var again = await RelayProcess.StartAsync(_directory.FullPath);
        line = line.Replace(relay.Find("Listening on: ")!, again.Find("Listening on: "), StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash", ["-c", line]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var shell = Process.Start(start)!;
        var answer = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();

        Assert.Equal(0, shell.ExitCode);
        using var json = JsonDocument.Parse(answer);
        Assert.Equal("Hello from Relay", json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task SecondStart_SameDirectory_KeepsBothKeysAndPrintsNoSecret()
    {
        await using var first = await RelayProcess.StartAsync(_directory.FullPath);
        var (adminKey, apiKey) = (first.Find("Admin key: ")!, first.Find("API key: ")!);
        await first.StopAsync();

        await using var second = await RelayProcess.StartAsync(_directory.FullPath);
        using var admin = await second.ClientAsync(adminKey);
        using var client = await second.ClientAsync(apiKey);
        var keys = await Chat.GetAsync(admin, "keys");
        using var answer = await Chat.CallAsync(client, "relay-echo");
        await second.StopAsync();

        Assert.Equal(1, keys.GetProperty("data").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        foreach (var text in new[] { second.Output, second.Errors })
        {
            Assert.DoesNotContain(adminKey, text, StringComparison.Ordinal);
            Assert.DoesNotContain("sk-relay-", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task FirstStart_AfterOneThatFailed_StillPrintsTheAdminKey()
    {
        await using var other = await RelayProcess.StartAsync(_directory.FullPath, null, "--Relay:DataDirectory=other");
        await using var failed = RelayProcess.Launch(_directory.FullPath, null, "--urls", other.Find("Listening on: ")!);
        Assert.Equal(1, await failed.ExitAsync());

        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        using var admin = await relay.ClientAsync(relay.Find("Admin key: "));

        Assert.Equal(1, (await Chat.GetAsync(admin, "keys")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Start_AdminKeyInTheEnvironment_IsTakenAndNeverWritten()
    {
        const string AdminKey = "an admin key of the operator's own";
        await using var relay = await RelayProcess.StartAsync(
            _directory.FullPath, new Dictionary<string, string> { ["RELAY_ADMIN_KEY"] = AdminKey });
        using var admin = await relay.ClientAsync(AdminKey);
        var keys = await Chat.GetAsync(admin, "keys");
        await relay.StopAsync();

        Assert.Equal(1, keys.GetProperty("data").GetArrayLength());
        Assert.DoesNotContain(AdminKey, relay.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory["data/admin-key"]));
    }

    [Fact]
    public async Task Start_AnySystemWithModes_KeepsAllDataToItsOwner()
    {
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);

        if (OperatingSystem.IsWindows())
        {
            // Windows has no such modes: a folder's access there is what its parent's is.
            return;
        }

        const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(OwnFile | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["data"]));
        var files = Directory.GetFiles(_directory["data"]);
        Assert.Contains(_directory["data/admin-key"], files);
        Assert.Contains(_directory["data/relay.db"], files);
        foreach (var file in files)
        {
            Assert.Equal(OwnFile, File.GetUnixFileMode(file));
        }
    }
}
