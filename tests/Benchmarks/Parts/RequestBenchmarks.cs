using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Relay.Frontend.Authentication;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Forwarding;

namespace Relay.Benchmarks.Parts;

/// <summary>What a request costs before it is sent: the check of its key's form and hash, the scan of its body, the splice.</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private readonly ReadOnlySequence<byte> _body = new(Encoding.UTF8.GetBytes(
        """{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":" """ + new string('x', 400) + """ "}],"temperature":0.2}"""));

    private string _key = "";

    [GlobalSetup]
    public void MakeKey() => ApiKeyToken.Create(out _key, out _);

    [Benchmark]
    public bool KeyCheck() => ApiKeyToken.TryParse(_key, out _);

    [Benchmark]
    public bool Scan() => RequestReader.TryRead(_body, EndpointTable.ChatCompletions, out _, out _);

    [Benchmark]
    public long ScanAndSplice()
    {
        RequestReader.TryRead(_body, EndpointTable.ChatCompletions, out var facts, out _);
        return RequestRewriter.Apply(_body, facts!.Edits).Length;
    }
}
