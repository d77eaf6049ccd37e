using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Forwarding;

/// <summary>The bound between an upstream's bytes is the upstream's alone.</summary>
public sealed class AnswerSourceTests : IDisposable
{
    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _answer = new();
    private readonly byte[] _buffer = new byte[16];
    private readonly UpstreamDeadline _deadline;
    private readonly AnswerSource _source;

    public AnswerSourceTests()
    {
        _deadline = new UpstreamDeadline(new StepTimeouts(_time), TimeSpan.Zero);
        _source = new AnswerSource(_answer.Reader.AsStream(), _deadline, _time, BetweenBytes, drainBytes: 0);
    }

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public async Task Read_AfterTheClientTookItsTime_StillReads()
    {
        await ReadOneAsync();

        _time.Advance(BetweenBytes * 2);

        await ReadOneAsync();
    }

    [Fact]
    public async Task Read_UpstreamSaysNothing_EndsStalled()
    {
        await ReadOneAsync();
        var read = _source.ReadAsync(_buffer);

        _time.Advance(BetweenBytes);

        Assert.Equal((0, RelayEnd.UpstreamStalled), (await read, _source.End));
    }

    private async Task ReadOneAsync()
    {
        var read = _source.ReadAsync(_buffer);
        await _answer.Writer.WriteAsync(new byte[] { 1 }, CancellationToken.None);
        Assert.Equal(1, await read);
    }
}
