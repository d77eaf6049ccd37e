using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text;

namespace Relay.Frontend.Standalone;

/// <summary>
/// Lets a frontend allocate 64 MB between two collections of its short-lived objects (generation 0), instead of the half of the processor's
/// cache that .NET takes: docs/performance.md has the figures. .NET reads it from the environment alone, and before it runs any program; so the process
/// executes its own program once more, as the same process, with the variable set.
/// </summary>
internal static class CollectorBudget
{
    private const string Variable = "DOTNET_GCgen0size";

    // In hexadecimal, as .NET reads it: 64 MB.
    private const string Budget = "4000000";

    // A sixteenth of it is the budget. .NET does not lessen what the variable says where there is little memory.
    private const long MemoryMin = 1L << 30;

    /// <summary>
    /// Does not return where it executes the program again. It returns, and changes nothing, where the variable is set already (who sets it is
    /// believed), memory is little, the system is not Linux or refuses, the server's collector is used, which has such a budget for each processor, or a
    /// tool has taken hold of this runtime's start, which it would wait for in vain a second time. It never throws: it is about costs only.
    /// </summary>
    public static void Use()
    {
        if (OperatingSystem.IsLinux()
            && Environment.GetEnvironmentVariable(Variable) is null
            && !GCSettings.IsServerGC
            && GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >= MemoryMin
            && !IsStartHeld()
            && Environment.ProcessPath is { } program)
        {
            try
            {
                ExecuteAgain(program);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // No /proc.
            }
        }
    }

    /// <summary>Whether a debugger, a profiler, a tool's diagnostic port or a start-up hook, as <c>dotnet watch</c> has one, is in this runtime.</summary>
    private static bool IsStartHeld() =>
        Debugger.IsAttached
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_DiagnosticPorts"))
        || string.Equals(Environment.GetEnvironmentVariable("CORECLR_ENABLE_PROFILING"), "1", StringComparison.Ordinal)
        || AppContext.GetData("STARTUP_HOOKS") is string { Length: > 0 }
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_STARTUP_HOOKS"));

    private static void ExecuteAgain(string program)
    {
        // As they were given, byte by byte: they need not be text.
        var arguments = File.ReadAllBytes("/proc/self/cmdline");
        var socket = DiagnosticsSocket();
        if (arguments is not [.., 0] || SetVariable(InC(Variable), InC(Budget), overwrite: 0) != 0)
        {
            return;
        }

        // The next runtime could not make it anew. Where there is none, there is nothing to remove.
        _ = Unlink(InC(socket));
        var pinned = GCHandle.Alloc(arguments, GCHandleType.Pinned);
        try
        {
            // It returns only when it could not. This runtime goes on, but tools do not find it any more.
            _ = Execute(InC(program), Pointers(pinned.AddrOfPinnedObject(), arguments));
            _ = UnsetVariable(InC(Variable));
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>A pointer to each of the texts, which each end with a zero, and a null pointer at the end: C's <c>argv</c>.</summary>
    private static nint[] Pointers(nint start, byte[] texts)
    {
        var pointers = new List<nint>();
        for (var at = 0; at < texts.Length; at += texts.AsSpan(at).IndexOf((byte)0) + 1)
        {
            pointers.Add(start + at);
        }

        return [.. pointers, 0];
    }

    /// <summary>
    /// Where the runtime listens for dotnet-trace and its like. The name is made of the process's number and start, which stay as they are when it
    /// executes another program.
    /// </summary>
    private static string DiagnosticsSocket()
    {
        // proc_pid_stat(5): the 22nd field is the start; the second one is a name in brackets, in which there may be spaces.
        var stat = File.ReadAllText("/proc/self/stat", Encoding.Latin1);
        var start = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[22 - 3];
        var name = string.Create(CultureInfo.InvariantCulture, $"dotnet-diagnostic-{Environment.ProcessId}-{start}-socket");
        return Path.Combine(Path.GetTempPath(), name);
    }

    private static byte[] InC(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetVariable(byte[] name, byte[] value, int overwrite);

    [DllImport("libc", EntryPoint = "unsetenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int UnsetVariable(byte[] name);

    [DllImport("libc", EntryPoint = "unlink")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unlink(byte[] path);

    [DllImport("libc", EntryPoint = "execv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Execute(byte[] path, nint[] arguments);
}
