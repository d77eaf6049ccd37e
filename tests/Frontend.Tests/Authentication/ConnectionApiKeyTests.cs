using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Relay.Frontend.Authentication;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Tests.Authentication;

public sealed class ConnectionApiKeyTests
{
    private readonly ConcurrentQueue<(string Connection, ApiKeyToken Token)> _found = new();

    [Fact]
    public void TryRead_TheSameObjectAgain_FindsTheSameKey()
    {
        var token = ApiKeyToken.Create(out var text, out _);
        var header = "Bearer " + text;
        var connection = new ConnectionApiKey();

        Assert.True(connection.TryRead(header, out var first));
        Assert.True(connection.TryRead(header, out var second));

        Assert.Equal((token, token), (first, second));
        Assert.Same(first.KeyId, second.KeyId);
    }

    [Fact]
    public void TryRead_AnEqualTextThatIsAnotherObject_IsReadAnew()
    {
        ApiKeyToken.Create(out var text, out _);
        var connection = new ConnectionApiKey();

        Assert.True(connection.TryRead("Bearer " + text, out var first));
        Assert.True(connection.TryRead(string.Concat("Bearer ", text), out var second));

        Assert.Equal(first, second);
        Assert.NotSame(first.KeyId, second.KeyId);
    }

    [Theory]
    [InlineData("Bearer sk-relay-wrong")]
    [InlineData("Basic sk-relay-wrong")]
    [InlineData("")]
    public void TryRead_NoKeyOfRelays_FindsNoneAndForgetsNone(string header)
    {
        var token = ApiKeyToken.Create(out var text, out _);
        var good = "Bearer " + text;
        var connection = new ConnectionApiKey();
        Assert.True(connection.TryRead(good, out var before));

        Assert.False(connection.TryRead(header, out _));
        Assert.False(connection.TryRead(header, out _));

        Assert.True(connection.TryRead(good, out var after));
        Assert.Equal(token, after);
        Assert.Same(before.KeyId, after.KeyId);
    }

    [Fact]
    public async Task FindApiKey_RequestsOfOneConnection_FindEachItsOwnKeyAndReadTheSameOneOnce()
    {
        await using var app = await StartAsync(HttpProtocols.Http1);
        var a = ApiKeyToken.Create(out var textOfA, out _);
        var b = ApiKeyToken.Create(out var textOfB, out _);
        using var client = Client(app, HttpVersion.Version11);

        foreach (var text in (string[])[textOfA, textOfA, textOfB, "sk-relay-wrong", textOfB, textOfA])
        {
            await AskAsync(client, text);
        }

        var calls = _found.ToArray();
        Assert.Single(calls.Select(static call => call.Connection).Distinct(StringComparer.Ordinal));
        Assert.Equal([a, a, b, b, a], calls.Select(static call => call.Token));
        Assert.Same(calls[0].Token.KeyId, calls[1].Token.KeyId);
        Assert.NotSame(calls[0].Token.KeyId, calls[4].Token.KeyId);
    }

    [Fact]
    public async Task FindApiKey_RequestsOfOneConnectionAtTheSameTime_FindEachItsOwnKey()
    {
        await using var app = await StartAsync(HttpProtocols.Http2);
        var keys = Enumerable.Range(0, 4).Select(static _ => (Token: ApiKeyToken.Create(out var text, out var _), Text: text)).ToList();
        using var client = Client(app, HttpVersion.Version20);

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(async i => (Key: i % 4, Id: await AskAsync(client, keys[i % 4].Text))));

        Assert.Single(_found.Select(static call => call.Connection).Distinct(StringComparer.Ordinal));
        Assert.Equal(answers.Select(answer => keys[answer.Key].Token.KeyId), answers.Select(static answer => answer.Id));
    }

    [Theory]
    [InlineData("Basic abc", true)]
    [InlineData("", true)]
    [InlineData("Bearer sk-relay-wrong", false)]
    public void FindApiKey_AnotherHeaderHasAKey_CountsOnlyWithoutABearer(string authorization, bool counts)
    {
        var token = ApiKeyToken.Create(out var text, out _);
        var http = KnownConnection();
        http.Request.Headers.Authorization = authorization;
        http.Request.Headers["api-key"] = text;

        var fault = CallerCredentials.FindApiKey(http, out var read);

        Assert.Equal(counts ? (null, token) : (RelayError.InvalidKey(), default), (fault, read));
    }

    [Fact]
    public void FindApiKey_SeveralAuthorizations_AreNoKey()
    {
        var http = KnownConnection();
        var known = http.Request.Headers.Authorization[0];
        http.Request.Headers.Authorization = new StringValues([known, known]);

        Assert.Equal(RelayError.InvalidKey(), CallerCredentials.FindApiKey(http, out _));
    }

    [Theory]
    [InlineData("api-key")]
    [InlineData("x-api-key")]
    public void FindApiKey_InAnotherHeader_IsFoundWithoutAConnection(string header)
    {
        var token = ApiKeyToken.Create(out var text, out _);
        var http = new DefaultHttpContext();
        http.Request.Headers[header] = text;

        Assert.Null(CallerCredentials.FindApiKey(http, out var found));

        Assert.Equal(token, found);
    }

    [Theory]
    [InlineData(null, "You didn't provide an API key.")]
    [InlineData("Basic sk-relay-wrong", "You didn't provide an API key.")]
    [InlineData("Bearer sk-relay-wrong", "Incorrect API key provided.")]
    public void FindApiKey_NoKeyOfRelays_SaysWhatIsWrong(string? header, string message)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Authorization = header;

        Assert.StartsWith(message, CallerCredentials.FindApiKey(http, out _)?.Message, StringComparison.Ordinal);
    }

    /// <summary>A request of a connection that has a key already, and sends it.</summary>
    private static DefaultHttpContext KnownConnection()
    {
        ApiKeyToken.Create(out var text, out _);
        var http = new DefaultHttpContext();
        http.Features.Set(new ConnectionApiKey());
        http.Request.Headers.Authorization = "Bearer " + text;
        Assert.Null(CallerCredentials.FindApiKey(http, out _));
        return http;
    }

    /// <summary>A server that answers with the id of the key that it finds.</summary>
    private async Task<WebApplication> StartAsync(HttpProtocols protocols)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen =>
        {
            listen.Protocols = protocols;
            ConnectionApiKey.Use(listen);
        }));
        var app = builder.Build();
        app.Run(http =>
        {
            if (CallerCredentials.FindApiKey(http, out var token) is null)
            {
                _found.Enqueue((http.Connection.Id, token));
            }

            return http.Response.WriteAsync(token.KeyId ?? "", CancellationToken.None);
        });
        await app.StartAsync(CancellationToken.None);
        return app;
    }

    private static HttpClient Client(WebApplication app, Version version) => new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 })
    {
        BaseAddress = new Uri(app.Urls.First()),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static async Task<string> AskAsync(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/")
        {
            Version = client.DefaultRequestVersion,
            VersionPolicy = client.DefaultVersionPolicy,
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
        };
        using var answer = await client.SendAsync(request, CancellationToken.None);
        return await answer.Content.ReadAsStringAsync(CancellationToken.None);
    }
}
