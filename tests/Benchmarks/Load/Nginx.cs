namespace Relay.Benchmarks.Load;

/// <summary>nginx, if this machine has it.</summary>
internal static class Nginx
{
    /// <summary>Starts it as one process; null where it is not installed.</summary>
    public static async Task<Peer?> StartAsync(Uri address, Uri upstream, string folder)
    {
        var path = new[] { "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", "/opt/homebrew/bin/nginx" }.FirstOrDefault(File.Exists);
        if (path is null)
        {
            return null;
        }

        var settings = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(settings, $$"""
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/nginx-errors.log;
            events { worker_connections 10000; }
            http {
              access_log off;
              client_body_temp_path {{folder}}/nginx-body;
              proxy_temp_path {{folder}}/nginx-proxy;
              keepalive_requests 100000000;
              upstream mock { server {{upstream.Authority}}; keepalive 4096; keepalive_requests 100000000; }
              server {
                listen {{address.Authority}} backlog=4096;
                location / { proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
              }
            }
            """);
        return await Peer.StartAsync(
            "nginx", address, folder, new Dictionary<string, string>(StringComparer.Ordinal), path, "-p", folder, "-e", Path.Combine(folder, "nginx-errors.log"), "-c", settings);
    }
}
