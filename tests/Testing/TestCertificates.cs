using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Relay.Testing;

/// <summary>A certificate authority of a test's own, and a server certificate for the loopback address that it vouches for, as PEM files.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relay-tls-").FullName;

    private TestCertificates()
    {
    }

    /// <summary>The authority's certificate.</summary>
    public string AuthorityPath => Path.Combine(_folder, "ca.pem");

    /// <summary>The server's certificate.</summary>
    public string ServerPath => Path.Combine(_folder, "server.pem");

    /// <summary>The key of the server's certificate.</summary>
    public string ServerKeyPath => Path.Combine(_folder, "server.key");

    /// <summary>The server's certificate with its key.</summary>
    public X509Certificate2 LoadServer()
    {
        using var parts = X509Certificate2.CreateFromPemFile(ServerPath, ServerKeyPath);

        // Not every platform takes a key for TLS that was never in a store or a PFX.
        return X509CertificateLoader.LoadPkcs12(parts.Export(X509ContentType.Pfx), password: null);
    }

    /// <summary>Makes them, good for a day on either side of now.</summary>
    public static TestCertificates Create()
    {
        var made = new TestCertificates();
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Authority of a test", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        authorityRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(authorityRequest.PublicKey, critical: false));
        using var authority = authorityRequest.CreateSelfSigned(from, to);

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serverRequest = new CertificateRequest("CN=Server of a test", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        serverRequest.CertificateExtensions.Add(names.Build());
        using var server = serverRequest.Create(authority, from.AddHours(1), to.AddHours(-1), RandomNumberGenerator.GetBytes(8));

        File.WriteAllText(made.AuthorityPath, authority.ExportCertificatePem());
        File.WriteAllText(made.ServerPath, server.ExportCertificatePem());
        File.WriteAllText(made.ServerKeyPath, serverKey.ExportPkcs8PrivateKeyPem());
        return made;
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
