using System.Security.Cryptography.X509Certificates;

namespace Relay.Frontend.Upstreams;

/// <summary>Makes the connection pool to an upstream.</summary>
internal static class UpstreamConnections
{
    /// <summary>Makes one.</summary>
    /// <param name="timeouts">How long a connection may take.</param>
    /// <param name="tls">Whom it trusts.</param>
    /// <param name="lifetime">After how long a connection is no longer used for new calls; zero for one call each.</param>
    public static SocketsHttpHandler Create(UpstreamTimeouts timeouts, UpstreamTlsOptions tls, TimeSpan lifetime)
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
            PooledConnectionLifetime = lifetime,
            PlaintextStreamFilter = static (context, _) => ValueTask.FromResult<Stream>(new WatchedStream(context.PlaintextStream)),

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
