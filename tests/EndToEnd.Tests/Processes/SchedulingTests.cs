using System.Globalization;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class SchedulingTests : IDisposable
{
    // The number of SCHED_BATCH in Linux's sched.h.
    private const string Batch = "3";

    private readonly WorkingDirectory _directory = new();

    public void Dispose() => _directory.Delete();

    [SkippableFact]
    public async Task Start_AloneOnLinux_ThreadsOfCallsInterruptNobodyWhenTheyWake()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has such policies.");
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        using var client = await relay.ClientAsync(relay.Find("API key: "));
        using var answer = await Chat.CallAsync(client, "relay-echo");
        answer.EnsureSuccessStatusCode();

        var threads = Directory.GetDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{relay.Id}/task"))
            .Select(Read)
            .ToLookup(static thread => thread.Name, static thread => thread.Policy, StringComparer.Ordinal);

        Assert.NotEmpty(threads[".NET Sockets"]);
        Assert.All(threads[".NET Sockets"], static policy => Assert.Equal(Batch, policy));

        // With two processors one thread serves all sockets.
        Assert.Equal(Environment.ProcessorCount == 2 ? 1 : Environment.ProcessorCount, threads[".NET Sockets"].Count());

        // One that a thread of the runtime's own has started may have another.
        Assert.Contains(Batch, threads[".NET TP Worker"]);
    }

    /// <summary>A thread's name and policy, which is field 41 of its <c>stat</c> (proc_pid_stat(5)); empty when it has ended.</summary>
    private static (string Name, string Policy) Read(string thread)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));

            // The name is the second field, in parentheses, and may have some itself.
            var end = stat.LastIndexOf(')');
            return (stat[(stat.IndexOf('(', StringComparison.Ordinal) + 1)..end], stat[(end + 2)..].Split(' ')[41 - 3]);
        }
        catch (IOException)
        {
            return ("", "");
        }
    }
}
