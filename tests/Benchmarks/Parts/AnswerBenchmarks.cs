using System.Text;
using BenchmarkDotNet.Attributes;
using Relay.Frontend.Metering;

namespace Relay.Benchmarks.Parts;

/// <summary>What an answer costs going by: an event of a stream, and the usage of a body.</summary>
[MemoryDiagnoser]
public class AnswerBenchmarks
{
    private readonly byte[] _event = Encoding.UTF8.GetBytes(
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}""" + "\n\n");

    private readonly byte[] _body = Encoding.UTF8.GetBytes(
        """{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":" """
        + new string('x', 250)
        + """ "},"finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":34,"total_tokens":55}}""");

    private readonly SseScanner _scanner = new();
    private StreamMeter _meter = new();
    private int _read;

    [Benchmark]
    public bool SseScanOfAnEvent() => _scanner.TryReadEvent(_event, out _);

    [Benchmark]
    public int SseMeterOfAnEvent()
    {
        // As many as an answer has: its text is kept.
        if (++_read % 500 == 0)
        {
            _meter = new StreamMeter();
        }

        return (int)_meter.Read(_event);
    }

    [Benchmark]
    public long UsageOfABody()
    {
        using var meter = new BodyMeter(AnswerShape.Choices);
        meter.Append(_body);
        meter.Complete();
        return meter.Usage!.Value.InputTokens;
    }
}
