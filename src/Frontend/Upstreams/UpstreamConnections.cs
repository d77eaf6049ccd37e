using System.Security.Cryptography.X509Certificates;

namespace Relay.Frontend.Upstreams;

/// <summary>Makes the connection pool to an upstream.</summary>
internal static class UpstreamConnections
{
    public static SocketsHttpHandler Create(UpstreamTimeouts timeouts, UpstreamTlsOptions tls)
    {
        var connections = new SocketsHttpHandler
        {
            // A redirect would carry the upstream's key to an address that nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = System.Net.DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(timeouts.Connect),

            // DNS changes are seen after this long; a stream that runs is not cut.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),

            // When Relay leaves an answer before its end, the upstream must notice and stop generating, not be drained for seconds.
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(200),
            MaxResponseDrainSize = 64 * 1024,
        };
        if (tls.ReadAuthorities() is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            connections.SslOptions.CertificateChainPolicy = policy;
        }

        return connections;
    }
}
