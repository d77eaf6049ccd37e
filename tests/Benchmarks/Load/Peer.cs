using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Relay.Benchmarks.Load;

/// <summary>A process under load.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    private Peer(string name, Uri address, Process process, TimeSpan start)
    {
        (Name, Address, _process, Start) = (name, address, process, start);
    }

    public string Name { get; }

    public Uri Address { get; }

    /// <summary>The key that it is called with.</summary>
    public string Key { get; private set; } = "none";

    /// <summary>From the start of the process to its first answer.</summary>
    public TimeSpan Start { get; }

    /// <summary>The processor time that it has used.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its resident memory, in bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts a process and waits for its first answer, of whatever status.</summary>
    public static async Task<Peer> StartAsync(string name, Uri address, string folder, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        // What it writes goes to a file, as in production, and the shell becomes the process.
        var start = new ProcessStartInfo("sh", ["-c", $"exec \"$@\" > '{Path.Combine(folder, name + ".log")}' 2>&1", name, .. command])
        {
            WorkingDirectory = folder,
        };
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        var watch = Stopwatch.StartNew();
        var process = Process.Start(start)!;
        using var client = new HttpClient { BaseAddress = address };
        while (!await AnswersAsync(client))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{name} ended: {await File.ReadAllTextAsync(Path.Combine(folder, name + ".log"))}");
            }

            await Task.Delay(5);
        }

        return new Peer(name, address, process, watch.Elapsed);
    }

    /// <summary>Makes a key with a list of models and limits, so that everything is on that can be.</summary>
    public async Task MakeKeyAsync(string adminKey)
    {
        using var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {adminKey}");
        using var answer = await client.PostAsJsonAsync("/admin/api/keys", new
        {
            name = "load",
            user = "load",
            models = new[] { "gpt-*", "mock*" },
            limits = new[]
            {
                new { metric = "requests", window = "minute", amount = 1_000_000_000L },
                new { metric = "tokens", window = "day", amount = 1_000_000_000_000L },
            },
        });
        answer.EnsureSuccessStatusCode();
        using var key = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync());
        Key = key.RootElement.GetProperty("key").GetString()!;
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "mock", messages = Array.Empty<string>() });
            return answer.StatusCode is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
