using System.Diagnostics;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class SiloAloneTests
{
    [Fact]
    public async Task Start_WithoutACluster_SaysWhatItNeedsInOneLine()
    {
        var silo = Path.Combine(Path.GetDirectoryName(RelayProcess.ProgramPath)!, "Relay.Silo.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [silo]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;

        var errors = await process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal(2, process.ExitCode);
        Assert.Contains("run the Frontend", Assert.Single(errors.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(output);
    }
}
