using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Relay.Frontend.Upstreams;
using Relay.Testing;

namespace Relay.Frontend.Tests.Upstreams;

/// <summary>Connections to a server whose certificate only a test's own authority vouches for.</summary>
public sealed class UpstreamConnectionsTests : IAsyncLifetime
{
    private readonly TestCertificates _certificates = TestCertificates.Create();
    private WebApplication _server = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificates.LoadServer())));
        _server = builder.Build();
        _server.Run(http => http.Response.CompleteAsync());
        await _server.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Send_TheAuthorityIsInTheFile_IsTrusted()
    {
        using var answer = await SendAsync(_certificates.AuthorityPath);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Send_WithoutAFile_IsNotTrusted() => await AssertRefusedAsync(null);

    [Fact]
    public async Task Send_AnotherAuthorityIsInTheFile_IsNotTrusted()
    {
        using var others = TestCertificates.Create();

        await AssertRefusedAsync(others.AuthorityPath);
    }

    [Theory]
    [InlineData("no-such-file.pem")]
    [InlineData("Relay.Frontend.Tests.deps.json")]
    public void Validate_AFileThatIsNoCertificate_SaysSo(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name);

        var result = new UpstreamTlsOptionsValidator().Validate(null, new UpstreamTlsOptions { CaFile = path });

        Assert.Contains("Relay:Upstream:CaFile", Assert.Single(result.Failures!), StringComparison.Ordinal);
        Assert.Contains(path, result.FailureMessage, StringComparison.Ordinal);
    }

    private async Task AssertRefusedAsync(string? caFile)
    {
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(caFile));
        Assert.IsType<AuthenticationException>(e.InnerException);
    }

    private async Task<HttpResponseMessage> SendAsync(string? caFile)
    {
        using var client = new HttpMessageInvoker(UpstreamConnections.Create(new UpstreamTimeouts(), new UpstreamTlsOptions { CaFile = caFile }, TimeSpan.FromMinutes(5)));
        return await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, _server.Urls.Single()), CancellationToken.None);
    }
}
