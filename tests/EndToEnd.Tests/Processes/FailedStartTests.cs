using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class FailedStartTests : IDisposable
{
    private readonly WorkingDirectory _directory = new();

    public void Dispose() => _directory.Delete();

    [Fact]
    public async Task Start_PortInUse_IsOneLineAndExitCode1()
    {
        await using var first = await RelayProcess.StartAsync(_directory.FullPath, null, "--Relay:DataDirectory=first");
        var address = first.Find("Listening on: ")!;

        var line = await FailAsync(1, "--urls", address);

        Assert.Contains(address, line, StringComparison.Ordinal);
        Assert.Contains("--urls", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file", "is a file")]
    [InlineData("file/below", "cannot be created")]
    public async Task Start_UnusableDataDirectory_IsOneLineAndExitCode1(string path, string reason)
    {
        await File.WriteAllTextAsync(_directory["file"], "");

        var line = await FailAsync(1, "--urls", "http://127.0.0.1:0", $"--Relay:DataDirectory={path}");

        Assert.Contains(_directory[path], line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DataDirectoryOfAnotherRelay_IsOneLineAndExitCode1()
    {
        await using var first = await RelayProcess.StartAsync(_directory.FullPath);

        var line = await FailAsync(1, "--urls", "http://127.0.0.1:0");

        Assert.Contains("another Relay runs there", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_DatabaseIsNone_IsOneLineAndExitCode1()
    {
        Directory.CreateDirectory(_directory["data"]);
        await File.WriteAllTextAsync(_directory["data/relay.db"], new string('x', 4096));

        Assert.Contains(_directory["data/relay.db"], await FailAsync(1, "--urls", "http://127.0.0.1:0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ManyBadSettings_NamesEachAndExitsWith2()
    {
        await using var relay = RelayProcess.Launch(
            _directory.FullPath,
            new Dictionary<string, string> { ["OPENAI_BASE_URL"] = "ftp://example.com", ["Relay__Timeouts__FirstByte"] = "-1" },
            "--urls", "http://127.0.0.1:80a",
            "--Relay:Timeouts:Connect=soon",
            "--Relay:Drain:Bytes=many",
            "--Relay:MaxRequestBodyBytes=0",
            "--Relay:Drian:Seconds=3");
        Assert.Equal(2, await relay.ExitAsync());

        Assert.Equal("", relay.Output);
        string[] names = ["80a", "OPENAI_BASE_URL", "Timeouts:Connect", "Timeouts:FirstByte", "Drain:Bytes", "MaxRequestBodyBytes", "Drian:Seconds"];
        var lines = relay.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(names.Length, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("Bad setting: ", line, StringComparison.Ordinal));
        Assert.All(names, name => Assert.Single(lines, line => line.Contains(name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Start_BrokenAppSettings_NamesTheFileAndExitsWith2()
    {
        await File.WriteAllTextAsync(_directory["appsettings.json"], "{\"Relay\":");

        Assert.Contains(_directory["appsettings.json"], await FailAsync(2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_BrokenDotEnv_NamesTheFileNotItsContentAndExitsWith2()
    {
        await File.WriteAllTextAsync(_directory[".env"], "OPENAI_API_KEY sk-secret\n");

        var line = await FailAsync(2);

        Assert.Contains(_directory[".env"], line, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", line, StringComparison.Ordinal);
    }

    /// <summary>Runs Relay, which must end with this code and say one line.</summary>
    private async Task<string> FailAsync(int exitCode, params string[] arguments)
    {
        await using var relay = RelayProcess.Launch(_directory.FullPath, null, arguments);
        Assert.Equal(exitCode, await relay.ExitAsync());
        Assert.Equal("", relay.Output);
        return Assert.Single(relay.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
