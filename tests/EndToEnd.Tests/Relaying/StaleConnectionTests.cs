using System.Globalization;
using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>A pooled connection that dies before any answer is replaced once; every other retry is the client's.</summary>
public sealed class StaleConnectionTests
{
    private const string Body = "{\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}";

    private static readonly string Answer = string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PooledConnection_DiesBeforeTheAnswer_IsReplacedOnce(bool reset)
    {
        var bodies = new List<string>();
        await using var raw = RawUpstream.Start(async connection =>
        {
            bodies.Add((await connection.ReadRequestAsync()).Text);
            await connection.WriteAsync(Answer);
            bodies.Add((await connection.ReadRequestAsync()).Text);
            Close(connection, reset);
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);

        Assert.Equal(Body, await caller.AskAsync(RelayCaller.Chat("\"seed\":1")));
        Assert.Equal(Body, await caller.AskAsync(RelayCaller.Chat("\"seed\":2")));

        // The second call came twice, the second time on another connection.
        Assert.Equal([RelayCaller.Chat("\"seed\":1"), RelayCaller.Chat("\"seed\":2"), RelayCaller.Chat("\"seed\":2")], bodies);
        var usage = await caller.UsageAsync();
        Assert.Equal((2, 10, 12), (usage.Requests, usage.Tokens.InputTokens, usage.Tokens.OutputTokens));
    }

    [Fact]
    public async Task PooledConnection_WhoseReplacementDiesToo_IsABadGateway()
    {
        var requests = 0;
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            if (Interlocked.Increment(ref requests) == 1)
            {
                await connection.WriteAsync(Answer);
                await connection.ReadRequestAsync();
                Interlocked.Increment(ref requests);
            }

            connection.Reset();
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);
        await caller.AskAsync(RelayCaller.Chat());

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal("upstream_error", (await Errors.ReadAsync(response, HttpStatusCode.BadGateway)).Code);
        Assert.Equal(3, requests);
        Assert.Equal(2, (await caller.UsageAsync()).Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 2")]
    public async Task Connection_FreshOrWithABeginningOfAnAnswer_IsNotReplaced(string beginning)
    {
        var requests = 0;
        await using var raw = RawUpstream.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            Interlocked.Increment(ref requests);
            if (beginning.Length > 0)
            {
                await connection.WriteAsync(Answer);
                await connection.ReadRequestAsync();
                Interlocked.Increment(ref requests);
                await connection.WriteAsync(beginning);
            }

            connection.Finish();
            await connection.ClientClosedAsync();
        });
        await using var relay = await RelayApplication.StartAsync(raw.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream: null);
        if (beginning.Length > 0)
        {
            await caller.AskAsync(RelayCaller.Chat());
        }

        using var response = await caller.PostAsync(RelayCaller.Chat());

        Assert.Equal("upstream_error", (await Errors.ReadAsync(response, HttpStatusCode.BadGateway)).Code);
        Assert.Equal(beginning.Length > 0 ? 2 : 1, requests);
    }

    private static void Close(RawConnection connection, bool reset)
    {
        if (reset)
        {
            connection.Reset();
        }
        else
        {
            connection.Finish();
        }
    }
}
