using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Relay.EndToEnd.Tests.Deployment;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>The load balancer of the compose file, with its own file of settings, before the frontends of a test's cluster.</summary>
internal sealed class HAProxy : IAsyncDisposable
{
    // Only one that does not start reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);

    // It says nothing when it listens.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly RelayProcess _process;
    private readonly string _folder;

    private HAProxy(RelayProcess process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Path { get; } = new[] { "/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy" }.FirstOrDefault(File.Exists);

    /// <summary>Starts it at the cluster's entrance.</summary>
    public static async Task<HAProxy> StartAsync(RelayCluster cluster)
    {
        var folder = Directory.CreateTempSubdirectory("relay-haproxy-").FullName;
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "haproxy.cfg"), Settings(cluster));
        var haproxy = new HAProxy(RelayProcess.LaunchOther(folder, Path!, "-db", "-f", "haproxy.cfg"), folder);
        try
        {
            await ListensAsync(IPEndPoint.Parse(cluster.EntranceAddress));
            return haproxy;
        }
        catch
        {
            await haproxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it has seen for the first time that a frontend, which was away, is ready again.</summary>
    public Task HasSeenAgainAsync(int frontend) =>
        _process.WroteAsync(string.Create(CultureInfo.InvariantCulture, $"Server ready/frontend-{frontend + 1} is UP"));

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
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

    private static async Task ListensAsync(IPEndPoint address)
    {
        using var late = new CancellationTokenSource(WaitMax);
        while (true)
        {
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
