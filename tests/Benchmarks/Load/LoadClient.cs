using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Relay.Benchmarks.Load;

/// <summary>Calls a peer, and says what its answers took.</summary>
internal sealed class LoadClient : IDisposable
{
    private const string Call = """{"model":"mock","messages":[{"role":"user","content":"Say something that is neither long nor short."}]}""";

    private readonly HttpMessageInvoker _invoker = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });
    private readonly Uri _address;
    private readonly AuthenticationHeaderValue _key;

    public LoadClient(Peer peer)
    {
        _address = new Uri(peer.Address, "/v1/chat/completions");
        _key = new AuthenticationHeaderValue("Bearer", peer.Key);
    }

    /// <summary>The machine's own clock, the same in every process, in 100 ns.</summary>
    public static long Now() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / TimeSpan.TicksPerSecond);

    /// <summary>Callers that each call again as soon as they have an answer. Answers the times of all calls, in order.</summary>
    public async Task<List<TimeSpan>> CallAsync(int callers, TimeSpan duration)
    {
        var end = Now() + duration.Ticks;
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var own = new List<TimeSpan>();
            while (Now() < end)
            {
                own.Add(await CallOnceAsync());
            }

            return own;
        })));
        return [.. times.SelectMany(static own => own).Order()];
    }

    /// <summary>As <see cref="CallAsync"/>, but calls may be refused with 503; then the caller waits for the second that the answer says.</summary>
    public async Task<CallResults> TryCallAsync(int callers, TimeSpan duration)
    {
        using var end = new CancellationTokenSource(duration);
        return await TryCallUntilAsync(callers, end.Token);
    }

    /// <summary>The same until it is told to end.</summary>
    public async Task<CallResults> TryCallUntilAsync(int callers, CancellationToken end)
    {
        var (answered, refused) = (new ConcurrentBag<TimeSpan>(), new ConcurrentBag<TimeSpan>());
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                var start = Now();
                using var answer = await SendAnyAsync(Call);
                await answer.Content.CopyToAsync(Stream.Null, CancellationToken.None);
                var took = TimeSpan.FromTicks(Now() - start);
                if (answer.IsSuccessStatusCode)
                {
                    answered.Add(took);
                }
                else if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    refused.Add(took);
                    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None);
                }
                else
                {
                    throw new InvalidOperationException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
                }
            }
        }, CancellationToken.None)));
        return new CallResults([.. answered.Order()], [.. refused.Order()]);
    }

    /// <summary>So many calls a second, whether they are answered or not. A call's time counts from when it was due.</summary>
    public async Task<List<TimeSpan>> CallAtRateAsync(int perSecond, TimeSpan duration)
    {
        var times = new ConcurrentBag<TimeSpan>();
        var calls = new List<Task>();
        var start = Now();
        var count = (int)(perSecond * duration.TotalSeconds);
        for (var i = 0; i < count; i++)
        {
            var due = start + (i * TimeSpan.TicksPerSecond / perSecond);
            while (due - Now() is > 0 and var early)
            {
                await Task.Delay(TimeSpan.FromTicks(Math.Max(early, TimeSpan.TicksPerMillisecond)));
            }

            calls.Add(Task.Run(async () =>
            {
                await CallOnceAsync();
                times.Add(TimeSpan.FromTicks(Now() - due));
            }));
        }

        await Task.WhenAll(calls);
        return [.. times.Order()];
    }

    /// <summary>Opens streams and reads them to their end.</summary>
    /// <param name="streams">How many at once.</param>
    /// <param name="events">How many events each has.</param>
    /// <param name="pauseMs">The time between two events.</param>
    /// <param name="running">Called when all have begun.</param>
    public async Task<StreamTimes> StreamAsync(int streams, int events, int pauseMs, Func<Task>? running = null)
    {
        var times = new StreamTimes();
        var begun = new CountdownEvent(streams);
        var all = Enumerable.Range(0, streams).Select(_ => Task.Run(() => ReadStreamAsync(events, pauseMs, times, begun))).ToList();
        if (running is not null)
        {
            await Task.Run(begun.Wait);
            await running();
        }

        await Task.WhenAll(all);
        return times;
    }

    public void Dispose() => _invoker.Dispose();

    private async Task<TimeSpan> CallOnceAsync()
    {
        var start = Now();
        using var answer = await SendAsync(Call);
        await answer.Content.CopyToAsync(Stream.Null);
        return TimeSpan.FromTicks(Now() - start);
    }

    private async Task ReadStreamAsync(int events, int pauseMs, StreamTimes times, CountdownEvent begun)
    {
        var start = Now();
        using var answer = await SendAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"model":"mock-{{events}}-{{pauseMs}}","stream":true,"messages":[{"role":"user","content":"Say something that is neither long nor short."}]}"""));
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var isFirst = true;
        var isDone = false;
        while (await lines.ReadLineAsync() is { } line)
        {
            const string Stamp = "\"system_fingerprint\":\"";
            if (line.IndexOf(Stamp, StringComparison.Ordinal) is >= 0 and var at)
            {
                var now = Now();
                times.Delays.Add(TimeSpan.FromTicks(now - long.Parse(line.AsSpan(at + Stamp.Length, 20), CultureInfo.InvariantCulture)));
                if (isFirst)
                {
                    isFirst = false;
                    times.FirstBytes.Add(TimeSpan.FromTicks(now - start) - TimeSpan.FromMilliseconds(pauseMs));
                    begun.Signal();
                }
            }

            isDone |= line.Equals("data: [DONE]", StringComparison.Ordinal);
        }

        if (!isDone)
        {
            throw new InvalidOperationException("A stream has broken off.");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(string json)
    {
        var answer = await SendAnyAsync(json);
        return answer.IsSuccessStatusCode
            ? answer
            : throw new InvalidOperationException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private async Task<HttpResponseMessage> SendAnyAsync(string json)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _address)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = _key;
        return await _invoker.SendAsync(request, CancellationToken.None);
    }
}
