using System.Net;
using System.Text;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Bodies over the limit are refused, and those of strangers are not even read.</summary>
public sealed class BodyLimitTests : IAsyncLifetime
{
    private const int BytesMax = 100_000;

    private FakeUpstream _upstream = null!;
    private RelayApplication _relay = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _relay = await RelayApplication.StartAsync(_upstream.BaseUrl, RelaySetup.With(("Relay:MaxRequestBodyBytes", $"{BytesMax}")));
    }

    public async Task DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(false, BytesMax, HttpStatusCode.OK)]
    [InlineData(false, BytesMax + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(true, BytesMax, HttpStatusCode.OK)]
    [InlineData(true, BytesMax + 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Body_AroundTheLimit_PassesUpToIt(bool chunked, int bytes, HttpStatusCode status)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        using var request = caller.Request("/v1/chat/completions", RelayCaller.Chat().PadRight(bytes));
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await RelayCaller.SendAsync(request);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, caller.CallsBilled);
        if (status != HttpStatusCode.OK)
        {
            Assert.Equal("request_too_large", (await Errors.ReadAsync(response, status)).Code);
            await Counts.AssertNothingAsync(caller);
        }
    }

    [Fact]
    public async Task LargeBody_OfAWrongKey_IsRefusedBeforeItIsRead()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        await _relay.RevokeAsync(caller.Key);
        using var client = await RawClient.ConnectAsync(_relay.BaseUrl);

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {caller.Key.Text}\r\nContent-Length: 90000\r\nExpect: 100-continue\r\n\r\n");
        await client.ReadUntilAsync("\"code\"");

        Assert.Equal(401, client.Status);
        Assert.DoesNotContain("100 Continue", client.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LargeBody_OfAGoodKey_IsAskedFor()
    {
        var body = RelayCaller.Chat().PadRight(90_000);
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        using var client = await RawClient.ConnectAsync(_relay.BaseUrl);

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer {caller.Key.Text}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nExpect: 100-continue\r\n\r\n");
        await client.ReadUntilAsync("100 Continue\r\n\r\n");
        await client.SendAsync(body);
        await client.ReadUntilAsync("total_tokens");

        Assert.Equal(body, Assert.Single(_upstream.Requests).Text);
        await _relay.Logs.CallOfAsync(caller.Key);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task BadBody_OfAWrongKey_IsAnsweredAsAWrongKey()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        await _relay.RevokeAsync(caller.Key);

        using var response = await caller.PostAsync("{");

        Assert.Equal("invalid_api_key", (await Errors.ReadAsync(response, HttpStatusCode.Unauthorized)).Code);
    }
}
