using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Relay.Frontend.Authentication;

namespace Relay.Frontend.Tests.Authentication;

public sealed class ConnectionApiKeyTests
{
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
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.ConfigureEndpointDefaults(ConnectionApiKey.Use));
        await using var app = builder.Build();
        var found = new ConcurrentQueue<(string Connection, ApiKeyToken Token)>();
        app.Run(http =>
        {
            if (CallerCredentials.FindApiKey(http, out var token) is null)
            {
                found.Enqueue((http.Connection.Id, token));
            }

            return Task.CompletedTask;
        });
        await app.StartAsync(CancellationToken.None);
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 1 };
        using var client = new HttpClient(handler) { BaseAddress = new Uri(app.Urls.First()) };
        var a = ApiKeyToken.Create(out var textOfA, out _);
        var b = ApiKeyToken.Create(out var textOfB, out _);

        foreach (var text in (string[])[textOfA, textOfA, textOfB, "sk-relay-wrong", textOfB, textOfA])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", text) } };
            using var answer = await client.SendAsync(request, CancellationToken.None);
        }

        var calls = found.ToArray();
        Assert.Single(calls.Select(static call => call.Connection).Distinct(StringComparer.Ordinal));
        Assert.Equal([a, a, b, b, a], calls.Select(static call => call.Token));
        Assert.Same(calls[0].Token.KeyId, calls[1].Token.KeyId);
        Assert.NotSame(calls[0].Token.KeyId, calls[4].Token.KeyId);
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
}
