using System.IO.Compression;
using System.Net;
using System.Text;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Compressed requests are inflated within the limit, whatever they claim to be.</summary>
public sealed class CompressedBodyTests : IAsyncLifetime
{
    private const int BytesMax = 1_000_000;

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
    [InlineData("gzip", false)]
    [InlineData("GZIP", true)]
    [InlineData("x-gzip", false)]
    [InlineData("deflate", true)]
    [InlineData("br", false)]
    [InlineData("br", true)]
    [InlineData("identity", false)]
    public async Task Body_Compressed_ReachesTheUpstreamInflatedAndIsCounted(string coding, bool chunked)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var body = RelayCaller.Chat("\"stream\":true").PadRight(200_000);

        using var response = await SendAsync(caller, coding, Compress(coding, Encoding.UTF8.GetBytes(body)), chunked);

        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var sent = Assert.Single(_upstream.Requests);
        Assert.Equal("{\"stream_options\":{\"include_usage\":true}," + body[1..], sent.Text);
        Assert.Null(sent.Header("content-encoding"));
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Body_ThatInflatesToTheLimit_PassesAndOneByteMoreDoesNot(string coding)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);

        using var passed = await SendAsync(caller, coding, Compress(coding, Encoding.UTF8.GetBytes(RelayCaller.Chat().PadRight(BytesMax))));
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
        await passed.Content.ReadAsStringAsync();
        using var refused = await SendAsync(caller, coding, Compress(coding, Encoding.UTF8.GetBytes(RelayCaller.Chat().PadRight(BytesMax + 1))));

        Assert.Equal("request_too_large", (await Errors.ReadAsync(refused, HttpStatusCode.RequestEntityTooLarge)).Code);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Body_ThatWouldFillTheMemory_IsRefused(string coding)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var bomb = Compress(coding, new byte[100 * BytesMax]);
        Assert.InRange(bomb.Length, 1, BytesMax);

        using var response = await SendAsync(caller, coding, bomb);

        Assert.Equal("request_too_large", (await Errors.ReadAsync(response, HttpStatusCode.RequestEntityTooLarge)).Code);
        Assert.Equal(0, caller.CallsBilled);
    }

    [Fact]
    public async Task Body_ThatIsNothingAgainAndAgain_IsRefusedOnceAsMuchHasCome()
    {
        // Members of a gzip file that are empty: they inflate to nothing, however many come.
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        byte[] empty = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var body = new byte[(BytesMax / empty.Length * empty.Length) + (2 * empty.Length)];
        for (var i = 0; i < body.Length; i += empty.Length)
        {
            empty.CopyTo(body.AsSpan(i));
        }

        using var response = await SendAsync(caller, "gzip", body, chunked: true);

        Assert.Equal("request_too_large", (await Errors.ReadAsync(response, HttpStatusCode.RequestEntityTooLarge)).Code);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task Body_ThatIsNotWhatItSays_IsABadRequest(string coding)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        var whole = Compress(coding, Encoding.UTF8.GetBytes(RelayCaller.Chat()));

        foreach (var body in new[] { Encoding.UTF8.GetBytes(RelayCaller.Chat()), whole[..(whole.Length / 2)], [] })
        {
            using var response = await SendAsync(caller, coding, body);
            Assert.Equal("invalid_request_error", (await Errors.ReadAsync(response, HttpStatusCode.BadRequest)).Type);
        }

        await Counts.AssertNothingAsync(caller);
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip, br")]
    [InlineData("aes128gcm")]
    public async Task Body_CompressedOtherwise_IsRefusedWithWhatIsTaken(string coding)
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);

        using var response = await SendAsync(caller, coding, Encoding.UTF8.GetBytes(RelayCaller.Chat()));

        Assert.Equal("unsupported_content_encoding", (await Errors.ReadAsync(response, HttpStatusCode.UnsupportedMediaType)).Code);
        Assert.Equal("gzip, deflate, br", string.Join(", ", response.Headers.GetValues("accept-encoding")));
        Assert.Equal(0, caller.CallsBilled);
    }

    [Fact]
    public async Task Body_CompressedByAStranger_IsNotInflated()
    {
        var caller = await RelayCaller.NewAsync(_relay, _upstream);
        await _relay.RevokeAsync(caller.Key);

        using var response = await SendAsync(caller, "gzip", "no gzip at all"u8.ToArray());

        Assert.Equal("invalid_api_key", (await Errors.ReadAsync(response, HttpStatusCode.Unauthorized)).Code);
    }

    private static async Task<HttpResponseMessage> SendAsync(RelayCaller caller, string coding, byte[] body, bool chunked = false)
    {
        using var request = caller.Request("/v1/chat/completions", body);
        request.Content!.Headers.TryAddWithoutValidation("content-encoding", coding);
        request.Headers.TransferEncodingChunked = chunked;
        return await RelayCaller.SendAsync(request);
    }

    private static byte[] Compress(string coding, byte[] body)
    {
        using var compressed = new MemoryStream();
        using (Stream stream = coding.ToUpperInvariant() switch
        {
            "GZIP" or "X-GZIP" => new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true),
            "DEFLATE" => new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true),
            "BR" => new BrotliStream(compressed, CompressionLevel.Optimal, leaveOpen: true),
            _ => new BufferedStream(new MemoryStream()),
        })
        {
            stream.Write(body);
        }

        return coding is "identity" ? body : compressed.ToArray();
    }
}
