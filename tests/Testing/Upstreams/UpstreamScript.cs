using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>
/// How the scripted upstream answers one call: what it says of the answer (<c>With…</c>), and the steps it takes in order.
/// The answer's status and headers leave with the first bytes, and the answer ends cleanly after the last step: a stream
/// whose steps stop short of <see cref="Complete"/> ends early, without <c>[DONE]</c>. A script may serve several calls.
/// </summary>
public sealed class UpstreamScript
{
    private readonly List<Func<UpstreamExchange, Task>> _steps = [];
    private readonly List<KeyValuePair<string, string>> _headers = [];

    internal IReadOnlyList<Func<UpstreamExchange, Task>> Steps => _steps;

    internal IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    internal int Status { get; private set; } = 200;

    internal UsagePlacement Usage { get; private set; }

    internal string LineEnd { get; private set; } = "\n";

    internal int PieceBytesMax { get; private set; } = int.MaxValue;

    internal bool Gzips { get; private set; }

    internal int? VisibleTokens { get; private set; }

    internal int? ReasoningTokens { get; private set; }

    internal int? CachedTokens { get; private set; }

    /// <summary>A whole answer with this status and body.</summary>
    public static UpstreamScript Answer(int status, string body, string contentType = "application/json") =>
        new UpstreamScript().WithStatus(status).WithHeader("content-type", contentType).WithBody(body);

    /// <summary>An error in OpenAI's form; the code may be a number.</summary>
    public static UpstreamScript Error(int status, string type, JsonNode? code, string message = "It did not work.") =>
        Answer(status, ErrorAnswer.Body(message, type, code).ToJsonString());

    /// <summary>A refusal for too many calls, with or without seconds to wait.</summary>
    public static UpstreamScript RateLimited(int? retryAfterSeconds = null)
    {
        var script = Error(429, "requests", "rate_limit_exceeded", "Rate limit reached for requests.");
        return retryAfterSeconds is { } seconds
            ? script.WithHeader("retry-after", seconds.ToString(CultureInfo.InvariantCulture))
            : script;
    }

    /// <summary>A temporary redirect, which nobody who holds an upstream key may follow.</summary>
    public static UpstreamScript Redirect(string location) => Answer(307, "").WithHeader("location", location);

    /// <summary>Sets the status; 200 otherwise. A status that is no success costs nothing on the bill.</summary>
    public UpstreamScript WithStatus(int status)
    {
        Status = status;
        return this;
    }

    /// <summary>Adds a header, or replaces the one that every answer has.</summary>
    public UpstreamScript WithHeader(string name, string value)
    {
        _headers.Add(new(name, value));
        return this;
    }

    /// <summary>Says where the usage stands; as OpenAI has it otherwise.</summary>
    public UpstreamScript WithUsage(UsagePlacement placement)
    {
        Usage = placement;
        return this;
    }

    /// <summary>
    /// Sets what <see cref="Complete"/> generates a choice (8 tokens and no reasoning otherwise, 2 of reasoning for models
    /// named <c>o…</c> and <c>gpt-5…</c>) and how much of the input came from the cache (a quarter otherwise). The
    /// reasoning comes on top of what is visible, and a cap in the request cuts both.
    /// </summary>
    public UpstreamScript WithTokens(int visible, int reasoning = 0, int? cached = null)
    {
        (VisibleTokens, ReasoningTokens, CachedTokens) = (visible, reasoning, cached);
        return this;
    }

    /// <summary>Ends the lines of events with CR and LF.</summary>
    public UpstreamScript WithCrlf()
    {
        LineEnd = "\r\n";
        return this;
    }

    /// <summary>Sends and flushes everything in pieces of so many bytes, at least 1.</summary>
    public UpstreamScript WithPiecesOf(int bytes)
    {
        PieceBytesMax = bytes;
        return this;
    }

    /// <summary>Compresses the answer and says so, whether or not the request asked for it.</summary>
    public UpstreamScript WithGzip()
    {
        Gzips = true;
        return this;
    }

    /// <summary>Step: sends these bytes as they are and flushes them.</summary>
    public UpstreamScript Write(ReadOnlyMemory<byte> bytes) => Then(exchange => exchange.WriteAsync(bytes));

    /// <summary>Step: sends this text as UTF-8 and flushes it.</summary>
    public UpstreamScript Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Step: sends an event with this data and flushes it.</summary>
    public UpstreamScript Event(string data) => Then(exchange => exchange.WriteEventAsync(data));

    /// <summary>Step: sends status and headers, before there is any body.</summary>
    public UpstreamScript SendHeaders() => Then(exchange => exchange.SendHeadersAsync());

    /// <summary>
    /// Step: generates so many tokens a choice and books them. A stream sends each in its own event; a body that is not
    /// streamed is sent by <see cref="Complete"/>.
    /// </summary>
    public UpstreamScript Tokens(int count) => Then(exchange => exchange.GenerateAsync(count));

    /// <summary>Step: waits until the test opens the gate, or the client has gone. As the first step: slow headers.</summary>
    public UpstreamScript WaitFor(TaskCompletionSource gate) => Then(exchange => exchange.WaitForAsync(gate.Task));

    /// <summary>Step: says nothing more until the client has gone.</summary>
    public UpstreamScript Stall() => WaitFor(new TaskCompletionSource());

    /// <summary>Step: answers as OpenAI does, or what is left of that: tokens up to the plan, the end, usage, <c>[DONE]</c>.</summary>
    public UpstreamScript Complete() => Then(exchange => exchange.CompleteAsync());

    /// <summary>Step: ends the connection with a FIN, after what was sent and without an end of the body.</summary>
    public UpstreamScript CutByFin() => Then(exchange => exchange.CutByFinAsync());

    /// <summary>Step: resets the connection.</summary>
    public UpstreamScript CutByReset() => Then(exchange => exchange.CutByResetAsync());

    private UpstreamScript WithBody(string body) => Then(exchange => exchange.WriteWholeAsync(Encoding.UTF8.GetBytes(body)));

    private UpstreamScript Then(Func<UpstreamExchange, Task> step)
    {
        _steps.Add(step);
        return this;
    }
}
