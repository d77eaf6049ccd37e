using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;
using Relay.Frontend.Standalone;

namespace Relay.Frontend.Tests.Standalone;

public sealed class BatchSchedulingTests
{
    // The numbers of Linux's sched.h.
    private const int Other = 0;
    private const int Batch = 3;
    private const int Idle = 5;

    [SkippableTheory]
    [InlineData("Relay:BatchScheduling", null, Batch)]
    [InlineData("Relay:BatchScheduling", "true", Batch)]
    [InlineData("Relay:BatchScheduling", "false", Other)]
    [InlineData("Relay:Database:Provider", "Sqlite", Batch)]
    [InlineData("Relay:Database:Provider", "PostgreSql", Other)]
    [InlineData("Relay:Role", "Frontend", Other)]
    public void UseIfAlone_DefaultPolicy_IsChangedWhereRelayIsAloneAndItIsNotOff(string name, string? value, int expected) =>
        Assert.Equal(expected, PolicyAfterUse(Other, name, value));

    [SkippableFact]
    public void UseIfAlone_AnotherPolicy_IsKept() => Assert.Equal(Idle, PolicyAfterUse(Idle, "Relay:BatchScheduling", "true"));

    [SkippableFact]
    public void UseIfAlone_ThreadsStartedFromThen_HaveItToo()
    {
        var policy = -1;
        var startedBefore = -1;
        using var used = new ManualResetEventSlim();
        OnThreadOf(Other, () =>
        {
            var before = new Thread(() =>
            {
                used.Wait();
                startedBefore = PolicyOfThisThread();
            });
            before.Start();
            BatchScheduling.UseIfAlone(Configuration("Relay:BatchScheduling", null));
            used.Set();
            before.Join();
            var after = new Thread(() => policy = PolicyOfThisThread());
            after.Start();
            after.Join();
        });

        Assert.Equal(Other, startedBefore);
        Assert.Equal(Batch, policy);
    }

    private static int PolicyAfterUse(int before, string name, string? value)
    {
        var policy = -1;
        OnThreadOf(before, () =>
        {
            BatchScheduling.UseIfAlone(Configuration(name, value));
            policy = PolicyOfThisThread();
        });
        return policy;
    }

    /// <summary>Runs on a thread of its own: other tests' threads keep their policy.</summary>
    private static void OnThreadOf(int policy, Action act)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux has such policies.");
        var priority = 0;
        var given = -1;
        var thread = new Thread(() =>
        {
            given = SetPolicy(Self(), policy, in priority);
            act();
        });
        thread.Start();
        thread.Join();
        Assert.Equal(0, given);
    }

    private static IConfiguration Configuration(string name, string? value) =>
        new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(name, value)]).Build();

    // By the kernel's own word, not by what the C library remembers.
    private static int PolicyOfThisThread() => GetScheduler(0);

    [DllImport("libc", EntryPoint = "sched_getscheduler")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetScheduler(int thread);

    [DllImport("libc", EntryPoint = "pthread_self")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint Self();

    [DllImport("libc", EntryPoint = "pthread_setschedparam")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPolicy(nuint thread, int policy, in int priority);
}
