using System.Globalization;
using System.Text;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class CollectorBudgetTests : IDisposable
{
    private const string Variable = "DOTNET_GCgen0size=";

    private readonly WorkingDirectory _directory = new();

    public void Dispose() => _directory.Delete();

    [SkippableFact]
    public async Task Start_NothingSaid_RuntimeHasTheBudgetAndTheProgramItsArguments()
    {
        SkipWhereThereIsNone();
        await using var relay = await RelayProcess.StartAsync(
            _directory.FullPath, environment: null, "--Relay:DataDirectory", "two  words, \"quoted\"", "--Other", "");

        Assert.Equal([Variable + "4000000"], Texts(relay, "environ").Where(IsVariable));
        Assert.Equal(
            ["--Relay:DataDirectory", "two  words, \"quoted\"", "--Other", "", "--urls", "http://127.0.0.1:0"], Texts(relay, "cmdline").Skip(2));
        Assert.True(Directory.Exists(Path.Combine(_directory.FullPath, "two  words, \"quoted\"")));
        Assert.Equal(0, await relay.StopAsync());
    }

    // A tool that holds the start of a runtime would do so a second time, and nobody would let go of that one.
    [SkippableTheory]
    [InlineData("DOTNET_GCgen0size", "2000000")]
    [InlineData("DOTNET_gcServer", "1")]
    [InlineData("DOTNET_DiagnosticPorts", "no-such-port,connect,nosuspend")]
    [InlineData("CORECLR_ENABLE_PROFILING", "1")]
    public async Task Start_AnotherBudgetIsSetOrAToolHoldsTheStart_ProgramIsNotExecutedAgain(string name, string value)
    {
        SkipWhereThereIsNone();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value };
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath, environment);

        Assert.DoesNotContain(Variable + "4000000", Texts(relay, "environ"));
        Assert.Contains($"{name}={value}", Texts(relay, "environ"));
    }

    // There is no socket of the runtime's to remove then.
    [SkippableFact]
    public async Task Start_NoFolderForTemporaryFiles_Starts()
    {
        SkipWhereThereIsNone();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TMPDIR"] = Path.Combine(_directory.FullPath, "gone") };
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath, environment);

        Assert.Contains(Variable + "4000000", Texts(relay, "environ"));
    }

    // What dotnet-trace and its like speak to: the second runtime of a process has the same name for it as the first.
    [SkippableFact]
    public async Task Start_NothingSaid_RuntimeListensForTools()
    {
        SkipWhereThereIsNone();
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);

        var name = string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{relay.Id}-");
        Assert.Single(await File.ReadAllLinesAsync("/proc/net/unix"), line => line.Contains(name, StringComparison.Ordinal));
    }

    private static void SkipWhereThereIsNone()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux executes a program as the same process.");
        Skip.If(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < 1L << 30, "Below 1 GB of memory .NET's own budget is kept.");
    }

    private static bool IsVariable(string text) => text.StartsWith(Variable, StringComparison.Ordinal);

    /// <summary>The texts in a file of the process, which each end with a zero: its environment when the program was executed, or its arguments.</summary>
    private static string[] Texts(RelayProcess relay, string file) =>
        File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{relay.Id}/{file}"), Encoding.UTF8)[..^1].Split('\0');
}
