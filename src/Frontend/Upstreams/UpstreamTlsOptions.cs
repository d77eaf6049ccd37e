using System.Security.Cryptography.X509Certificates;

namespace Relay.Frontend.Upstreams;

/// <summary>Whom Relay trusts to be its upstream.</summary>
internal sealed class UpstreamTlsOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:Upstream";

    /// <summary>
    /// A PEM file with the certificates of the authorities that may vouch for the upstream; only these are trusted then. By
    /// default none: the machine's own are.
    /// </summary>
    public string? CaFile { get; set; }

    /// <summary>Reads the file; null without one.</summary>
    /// <exception cref="Exception">It cannot be read, or has no certificate.</exception>
    public X509Certificate2Collection? ReadAuthorities()
    {
        if (string.IsNullOrWhiteSpace(CaFile))
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(CaFile);
        return authorities.Count > 0 ? authorities : throw new InvalidDataException("there is no certificate in it");
    }
}
