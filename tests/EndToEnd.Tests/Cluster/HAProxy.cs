using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Relay.EndToEnd.Tests.Deployment;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>The load balancer of the compose file, with its own file of settings, before the frontends of a test's cluster.</summary>
internal sealed class HAProxy : IAsyncDisposable
{
    // Only one that does not start reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    // It says nothing when it listens.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly string _folder;

    private HAProxy(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Path { get; } = new[] { "/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy" }.FirstOrDefault(File.Exists);

    /// <summary>Starts it at the cluster's entrance.</summary>
    public static async Task<HAProxy> StartAsync(RelayCluster cluster)
    {
        var folder = Directory.CreateTempSubdirectory("relay-haproxy-").FullName;
        var file = System.IO.Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(file, Settings(cluster));
        var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" > haproxy.log 2>&1", "haproxy", Path!, "-db", "-f", file])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
        })!;
        var haproxy = new HAProxy(process, folder);
        try
        {
            await haproxy.ListensAsync(IPEndPoint.Parse(cluster.EntranceAddress));
            return haproxy;
        }
        catch
        {
            await haproxy.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Settings(RelayCluster cluster)
    {
        var settings = Repository.Read("deploy/haproxy.cfg").Replace("bind :8080", $"bind {cluster.EntranceAddress}", StringComparison.Ordinal);
        foreach (var frontend in cluster.Frontends.Keys)
        {
            settings = settings.Replace(
                string.Create(CultureInfo.InvariantCulture, $" frontend-{frontend + 1}:8080"),
                $" {cluster.FrontendAddressOf(frontend)}",
                StringComparison.Ordinal);
        }

        return settings;
    }

    private async Task ListensAsync(IPEndPoint address)
    {
        using var late = new CancellationTokenSource(WaitMax);
        while (true)
        {
            late.Token.ThrowIfCancellationRequested();
            Assert.False(_process.HasExited, await File.ReadAllTextAsync(System.IO.Path.Combine(_folder, "haproxy.log"), late.Token));
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(address, late.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(Pause, late.Token);
            }
        }
    }
}
