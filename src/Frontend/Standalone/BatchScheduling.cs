using System.Runtime.InteropServices;

namespace Relay.Frontend.Standalone;

/// <summary>
/// Has Linux run the threads of calls so that they interrupt nobody when they wake (<c>SCHED_BATCH</c> of sched(7)). A thread that serves sockets then
/// finds more than one of them ready, where before it was woken for each, and Relay's threads do not push each other off the processor:
/// docs/performance.md has the figures. On a processor that is idle a thread wakes at once, as always; on one that is busy it waits until
/// whoever runs there waits itself, or has had its slice of a few milliseconds.
/// </summary>
internal static class BatchScheduling
{
    private const int ThisThread = 0;
    private const int Other = 0;
    private const int Batch = 3;

    /// <summary>
    /// Gives it to this thread, and so to all that it starts from now on, and those start, where no database or silo shares the machine as a process of
    /// its own. A policy other than the default is somebody's choice and kept. Where the C library has none (musl), nothing changes.
    /// </summary>
    public static void UseIfAlone(IConfiguration configuration)
    {
        // A value that is no boolean is not off; the check of the settings names it.
        var isOff = bool.TryParse(configuration[$"Relay:{nameof(StandaloneOptions.BatchScheduling)}"], out var wanted) && !wanted;
        var priority = 0;
        if (!isOff && StandaloneExtensions.IsAlone(configuration) && OperatingSystem.IsLinux() && GetScheduler(ThisThread) == Other)
        {
            _ = SetScheduler(ThisThread, Batch, in priority);
        }
    }

    [DllImport("libc", EntryPoint = "sched_getscheduler")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetScheduler(int thread);

    [DllImport("libc", EntryPoint = "sched_setscheduler")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetScheduler(int thread, int policy, in int priority);
}
