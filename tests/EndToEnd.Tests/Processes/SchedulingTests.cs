using System.Globalization;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class SchedulingTests : IDisposable
{
    // The numbers of sched(7).
    private const int Other = 0;
    private const int Batch = 3;
    private const int Idle = 5;

    private readonly WorkingDirectory _directory = new();

    public void Dispose() => _directory.Delete();

    [SkippableFact]
    public async Task Start_Linux_ThreadsOfCallsInterruptNobodyWhenTheyWake()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has such a policy.");
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);

        var threads = await ThreadsOfCallsAsync(relay);

        Assert.All(threads, static thread => Assert.Equal(Batch, thread.Policy));
    }

    [SkippableFact]
    public async Task Start_SwitchedOff_ThreadsRunAsAlways()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has such a policy.");
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath, environment: null, "--Relay:BatchScheduling=false");

        var threads = await ThreadsOfCallsAsync(relay);

        Assert.All(threads, static thread => Assert.Equal(Other, thread.Policy));
    }

    [SkippableFact]
    public async Task Start_PolicyGivenByTheOperator_IsKept()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has such a policy.");
        await using var relay = RelayProcess.LaunchOther(
            _directory.FullPath, "chrt", "--idle", "0", "dotnet", RelayProcess.ProgramPath, "--urls", "http://127.0.0.1:0");
        _ = await relay.ListeningAsync();

        var threads = await ThreadsOfCallsAsync(relay);

        Assert.All(threads, static thread => Assert.Equal(Idle, thread.Policy));
    }

    /// <summary>The threads that serve sockets and those of the pool, after a call.</summary>
    private static async Task<List<(string Name, int Policy)>> ThreadsOfCallsAsync(RelayProcess relay)
    {
        using var client = await relay.ClientAsync(relay.Find("API key: "));
        using var answer = await Chat.CallAsync(client, "relay-echo");
        answer.EnsureSuccessStatusCode();

        var threads = Directory.GetDirectories($"/proc/{relay.Id}/task").Select(Read).OfType<(string Name, int Policy)>().ToList();
        Assert.Contains(threads, static thread => IsSockets(thread.Name));
        Assert.Contains(threads, static thread => IsPools(thread.Name));
        return threads.FindAll(static thread => IsSockets(thread.Name) || IsPools(thread.Name));
    }

    private static bool IsSockets(string name) => name.Equals(".NET Sockets", StringComparison.Ordinal);

    private static bool IsPools(string name) => name.Equals(".NET TP Worker", StringComparison.Ordinal);

    /// <summary>A thread's name and policy, which is field 41 of its <c>stat</c> (proc_pid_stat(5)); null when it has ended.</summary>
    private static (string Name, int Policy)? Read(string thread)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));

            // The name is the second field, in parentheses, and may have some itself.
            var end = stat.LastIndexOf(')');
            var name = stat[(stat.IndexOf('(', StringComparison.Ordinal) + 1)..end];
            return (name, int.Parse(stat[(end + 2)..].Split(' ')[41 - 3], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
