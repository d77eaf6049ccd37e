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
    private const int Other = 0;
    private const int Batch = 3;

    /// <summary>
    /// Gives it to this thread, and so to all that it starts from now on, and those start, where no database or silo shares the machine as a process of
    /// its own. A policy other than the default is somebody's choice and kept, and where the system refuses, all stays as it was: it is about costs only.
    /// </summary>
    public static void UseIfAlone(IConfiguration configuration)
    {
        // A value that is no boolean is not off; the check of the settings names it.
        var isOff = bool.TryParse(configuration[$"Relay:{nameof(StandaloneOptions.BatchScheduling)}"], out var wanted) && !wanted;
        if (!isOff && StandaloneExtensions.IsAlone(configuration) && OperatingSystem.IsLinux())
        {
            Use();
        }
    }

    // By the functions of pthreads: what the kernel alone is told, the runtime undoes for the next thread by what the C library remembers.
    private static void Use()
    {
        var priority = 0;
        if (GetPolicy(Self(), out var policy, out _) == 0 && policy == Other)
        {
            _ = SetPolicy(Self(), Batch, in priority);
        }
    }

    [DllImport("libc", EntryPoint = "pthread_self")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nuint Self();

    [DllImport("libc", EntryPoint = "pthread_getschedparam")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetPolicy(nuint thread, out int policy, out int priority);

    [DllImport("libc", EntryPoint = "pthread_setschedparam")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPolicy(nuint thread, int policy, in int priority);
}
