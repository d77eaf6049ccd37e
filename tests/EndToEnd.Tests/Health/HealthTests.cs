using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    private const string Ready = """{"status":"ready","checks":{"cluster":{"status":"ok"},"database":{"status":"ok"},"upstream":{"status":"ok"}}}""";
    private const int AsksMax = 50;

    private readonly RelayClock _clock = new();
    private FakeUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync() => await _upstream.DisposeAsync();

    [Theory]
    [InlineData("live", """{"status":"live"}""")]
    [InlineData("ready", Ready)]
    public async Task Health_AllIsWell_Answers200WithoutAKey(string path, string body)
    {
        await using var relay = await RelayApplication.StartAsync(_upstream.BaseUrl);
        using var client = new HttpClient { BaseAddress = relay.BaseUrl };

        using var answer = await client.GetAsync(new Uri($"health/{path}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync());
        Assert.DoesNotContain(relay.Logs.All, line => line["Outcome"] is not null);
        Assert.Empty(_upstream.Requests);
    }

    [Fact]
    public async Task Health_Head_AnswersWithoutABody()
    {
        await using var relay = await RelayApplication.StartAsync(_upstream.BaseUrl);
        using var client = new HttpClient { BaseAddress = relay.BaseUrl };

        using var answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "health/ready"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [SkippableFact]
    public async Task Ready_TheDatabaseGoesAndComesBack_SaysSoEachTime()
    {
        await using var postgres = await PrivatePostgres.StartNewAsync();
        Skip.If(postgres is null, "PostgreSQL is not installed here.");
        await using var relay = await RelayApplication.StartAsync(
            _upstream.BaseUrl,
            RelaySetup.With(("Relay:Database:Provider", "PostgreSql"), ("ConnectionStrings:Relay", postgres!.ConnectionString)) with { Time = _clock });
        using var client = new HttpClient { BaseAddress = relay.BaseUrl };
        await AskUntilAsync(client, Ready);

        await postgres.StopAsync();
        await AskUntilAsync(
            client,
            """{"status":"unready","checks":{"cluster":{"status":"ok"},"database":{"status":"failing","reason":"The database does not answer, or no silo that could ask it."},"upstream":{"status":"ok"}}}""");
        using var live = await client.GetAsync(new Uri("health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);

        await postgres.StartAsync();
        await AskUntilAsync(client, Ready);
        Assert.Contains(relay.Logs.All, line => line.Text.StartsWith("Not ready: database.", StringComparison.Ordinal));
        Assert.Contains(relay.Logs.All, line => line.Text.StartsWith("Ready again.", StringComparison.Ordinal));
    }

    /// <summary>
    /// Asks until the answer is this one. Not once: each ask finds out about one broken connection of the pool, and a check has only
    /// three seconds of the machine's time.
    /// </summary>
    private async Task AskUntilAsync(HttpClient client, string expected)
    {
        var body = "";
        for (var asked = 0; asked < AsksMax && !string.Equals(body, expected, StringComparison.Ordinal); asked++)
        {
            // An answer stands for a second.
            _clock.Advance(TimeSpan.FromSeconds(1));
            using var answer = await client.GetAsync(new Uri("health/ready", UriKind.Relative));
            body = await answer.Content.ReadAsStringAsync();
            Assert.Equal(body.Contains("unready", StringComparison.Ordinal) ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(expected, body);
    }
}
