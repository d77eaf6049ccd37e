using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace Relay.Testing;

/// <summary>
/// Relay as people start it: a process of the built program, with an environment that names no upstream and no key. Its lines are
/// read as they come.
/// </summary>
public sealed class RelayProcess : IAsyncDisposable
{
    // Only a process that hangs reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly List<(string Text, TaskCompletionSource Came)> _waiters = [];
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _ended;

    private RelayProcess(Process process)
    {
        _process = process;
        _ended = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _errors));
    }

    /// <summary>The built program.</summary>
    public static string ProgramPath { get; } = FindProgram("Frontend");

    /// <summary>The built program of a silo alone.</summary>
    public static string SiloPath { get; } = FindProgram("Silo");

    /// <summary>Whether the programs were built as <c>debug</c> or <c>release</c>.</summary>
    public static string Configuration { get; } = new DirectoryInfo(Path.GetDirectoryName(ProgramPath)!).Name;

    /// <summary>The process's id.</summary>
    public int Id => _process.Id;

    /// <summary>All that was written to standard output so far.</summary>
    public string Output => Text(_output);

    /// <summary>All that was written to standard error so far.</summary>
    public string Errors => Text(_errors);

    /// <summary>Starts it, and waits for its address.</summary>
    /// <param name="directory">The working directory.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="arguments">The command line; without an address in it, a free port is taken.</param>
    /// <exception cref="InvalidOperationException">It ended before it listened.</exception>
    public static async Task<RelayProcess> StartAsync(
        string directory, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        var relay = Launch(directory, environment, [.. arguments, "--urls", "http://127.0.0.1:0"]);
        _ = await relay.ListeningAsync();
        return relay;
    }

    /// <summary>Starts a silo alone, and waits until it is a member of its cluster.</summary>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    public static async Task<RelayProcess> StartSiloAsync(string directory, IReadOnlyDictionary<string, string> environment)
    {
        var silo = LaunchSilo(directory, environment, "--urls", "http://127.0.0.1:0");
        _ = await silo.ListeningAsync();
        return silo;
    }

    /// <summary>Starts it with exactly this command line, and waits for nothing.</summary>
    public static RelayProcess Launch(string directory, IReadOnlyDictionary<string, string>? environment, params string[] arguments) =>
        LaunchProgram(directory, environment, ["dotnet", ProgramPath, .. arguments]);

    /// <summary>Starts a silo alone with exactly this command line, and waits for nothing.</summary>
    public static RelayProcess LaunchSilo(string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        LaunchProgram(directory, environment, ["dotnet", SiloPath, .. arguments]);

    /// <summary>Starts a script that starts Relay, with exactly this command line, and waits for nothing.</summary>
    public static RelayProcess LaunchScript(string directory, string script, params string[] arguments) =>
        LaunchProgram(directory, environment: null, ["bash", script, .. arguments]);

    /// <summary>Starts another program that stands beside Relay, with exactly this command line, and waits for nothing.</summary>
    public static RelayProcess LaunchOther(string directory, params string[] command) => LaunchProgram(directory, environment: null, command);

    private static RelayProcess LaunchProgram(
        string directory, IReadOnlyDictionary<string, string>? environment, string[] command)
    {
        // A limit on the size of files then fails the write, as a full disk does, and does not kill the process.
        var start = new ProcessStartInfo("sh", ["-c", "trap '' XFSZ; exec \"$@\"", "relay"])
        {
            UseShellExecute = false,
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(IsRelays).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new RelayProcess(Process.Start(start) ?? throw new InvalidOperationException("The program did not start."));
    }

    /// <summary>Waits for its first address.</summary>
    /// <exception cref="InvalidOperationException">It ended before it listened.</exception>
    public async Task<Uri> ListeningAsync()
    {
        await Task.WhenAny(_listening.Task, _ended).WaitAsync(WaitMax);
        return _listening.Task.IsCompleted
            ? await _listening.Task
            : throw new InvalidOperationException($"Relay ended before it listened.\n{Output}\n{Errors}");
    }

    /// <summary>What follows a name at the start of a line of standard output, such as <c>API key: </c>; null when no line begins so.</summary>
    public string? Find(string start) =>
        Output.Split('\n').FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..].TrimEnd('\r');

    /// <summary>A client of it that sends this key.</summary>
    public async Task<HttpClient> ClientAsync(string? key)
    {
        var client = new HttpClient { BaseAddress = await ListeningAsync() };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Add("Authorization", $"Bearer {key}");
        }

        return client;
    }

    /// <summary>Sends SIGTERM, or another signal, and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(string signal = "TERM")
    {
        await SignalAsync(signal);
        return await ExitAsync();
    }

    /// <summary>Sends SIGTERM.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>Waits for a line of standard output, past or to come, that holds this text.</summary>
    /// <exception cref="InvalidOperationException">It ended without.</exception>
    public Task WroteAsync(string text) => FindAsync(text, fromNow: false);

    /// <summary>Waits for a line of standard output, to come, that holds this text.</summary>
    /// <exception cref="InvalidOperationException">It ended without.</exception>
    public Task WritesAsync(string text) => FindAsync(text, fromNow: true);

    /// <summary>Freezes it (SIGSTOP): its connections stay, and nothing answers.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on (SIGCONT).</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    /// <summary>Lets no file grow past so many bytes, as on a full disk; null takes the limit away. Linux only.</summary>
    public async Task LimitFilesAsync(long? bytes)
    {
        var soft = bytes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unlimited";
        using var limit = Process.Start("prlimit", ["--pid", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), $"--fsize={soft}:"]);
        await limit.WaitForExitAsync();
        if (limit.ExitCode != 0)
        {
            throw new InvalidOperationException($"prlimit ended with {limit.ExitCode}.");
        }
    }

    /// <summary>Kills it at once (SIGKILL) and waits for the end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="InvalidOperationException">It does not end.</exception>
    public async Task<int> ExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(WaitMax);
            await _ended.WaitAsync(WaitMax);
            return _process.ExitCode;
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"Relay does not end.\n{Output}\n{Errors}", e);
        }
    }

    /// <summary>Kills it, if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await KillAsync();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    private async Task FindAsync(string text, bool fromNow)
    {
        var came = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_output)
        {
            if (!fromNow && _output.ToString().Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            _waiters.Add((text, came));
        }

        await Task.WhenAny(came.Task, _ended).WaitAsync(WaitMax);
        if (!came.Task.IsCompleted)
        {
            throw new InvalidOperationException($"Relay ended without writing '{text}'.\n{Output}\n{Errors}");
        }
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private static bool IsRelays(string name) =>
        name.StartsWith("OPENAI_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("RELAY_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("DOTNET_ENVIRONMENT", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("DOTNET_GC", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("DOTNET_SYSTEM_NET_SOCKETS_", StringComparison.OrdinalIgnoreCase);

    /// <summary>The artifacts of all projects stand side by side, by configuration.</summary>
    private static string FindProgram(string project)
    {
        var own = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, $"Relay.{project}.dll");
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        string[] listening = ["Listening on: ", "Health on: "];
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
                if (text == _output)
                {
                    _waiters.FindAll(waiter => line.Contains(waiter.Text, StringComparison.Ordinal)).ForEach(waiter => waiter.Came.TrySetResult());
                }
            }

            if (listening.FirstOrDefault(start => line.StartsWith(start, StringComparison.Ordinal)) is { } start)
            {
                _listening.TrySetResult(new Uri(line[start.Length..]));
            }
        }
    }
}
