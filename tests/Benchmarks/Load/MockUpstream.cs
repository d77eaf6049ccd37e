using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Relay.Benchmarks.Load;

/// <summary>
/// An upstream that costs little: a body of 600 bytes, or a stream of events of 217 bytes, each its own write with the time at which it
/// was sent. The model's name says how: <c>mock-100-20</c> is 100 events, 20 ms apart, and <c>mock-body-1024</c> a body of so many KB.
/// </summary>
internal static class MockUpstream
{
    private static readonly byte[] Body = Encoding.UTF8.GetBytes(
        """{"id":"chatcmpl-mock","object":"chat.completion","created":1700000000,"model":"mock","choices":[{"index":0,"message":{"role":"assistant","content":" """
        + new string('x', 300)
        + """ "},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":34,"total_tokens":55,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}""");

    private static readonly byte[] Blanks = Encoding.UTF8.GetBytes(new string(' ', 1024));

    private static readonly byte[] Usage =
        """data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,"model":"mock","choices":[],"usage":{"prompt_tokens":21,"completion_tokens":34,"total_tokens":55}}"""u8.ToArray();

    public static async Task RunAsync(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.RunAsync(address);
    }

    private static async Task AnswerAsync(HttpContext http)
    {
        using var request = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        var parts = request.RootElement.GetProperty("model").GetString()!.Split('-');
        if (parts is [_, "body", var size])
        {
            await WriteLargeAsync(http, int.Parse(size, CultureInfo.InvariantCulture));
            return;
        }

        if (!request.RootElement.TryGetProperty("stream", out var stream) || !stream.GetBoolean())
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = Body.Length;
            await http.Response.BodyWriter.WriteAsync(Body, http.RequestAborted);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        await StreamAsync(
            http, int.Parse(parts[1], CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(int.Parse(parts[2], CultureInfo.InvariantCulture)));
    }

    /// <summary>The body, and blanks before it, which JSON allows.</summary>
    private static async Task WriteLargeAsync(HttpContext http, int kilobytes)
    {
        http.Response.ContentType = "application/json";
        for (var i = 0; i < kilobytes; i++)
        {
            await http.Response.BodyWriter.WriteAsync(Blanks, http.RequestAborted);
        }

        await http.Response.BodyWriter.WriteAsync(Body, http.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext http, int events, TimeSpan pause)
    {
        using var timer = new PeriodicTimer(pause);
        for (var i = 0; i < events && !http.RequestAborted.IsCancellationRequested; i++)
        {
            await timer.WaitForNextTickAsync(http.RequestAborted);
            await WriteAsync(http, Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $$$"""data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,"model":"mock","system_fingerprint":"{{{LoadClient.Now():D20}}}","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":{{{(i == events - 1 ? "\"stop\"" : "null")}}}}]}""")));
        }

        await WriteAsync(http, Usage);
        await WriteAsync(http, "data: [DONE]"u8.ToArray());
    }

    private static async Task WriteAsync(HttpContext http, byte[] line)
    {
        line.CopyTo(http.Response.BodyWriter.GetMemory(line.Length + 2));
        http.Response.BodyWriter.Advance(line.Length);
        "\n\n"u8.CopyTo(http.Response.BodyWriter.GetSpan(2));
        http.Response.BodyWriter.Advance(2);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}
