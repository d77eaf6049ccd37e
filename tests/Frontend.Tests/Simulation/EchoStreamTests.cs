using System.Text;
using Microsoft.Extensions.Time.Testing;
using Relay.Frontend.Simulation;

namespace Relay.Frontend.Tests.Simulation;

public sealed class EchoStreamTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly byte[] _buffer = new byte[64];
    private int _made;

    [Fact]
    public async Task Read_OfAGeneratedEvent_WaitsForItsDelay()
    {
        await using var stream = new EchoStream(Events(), _time, Delay);

        Assert.Equal("open", await ReadAsync(stream, CancellationToken.None));
        var token = ReadAsync(stream, CancellationToken.None);
        Assert.False(token.IsCompleted);
        _time.Advance(Delay);

        Assert.Equal("token", await token);
    }

    [Fact]
    public async Task Read_BeforeTheReaderAsksForMore_MakesNothingAhead()
    {
        await using var stream = new EchoStream(Events(), _time, Delay);
        Assert.Equal(0, _made);

        await ReadAsync(stream, CancellationToken.None);

        Assert.Equal(1, _made);
    }

    [Fact]
    public async Task Read_CancelledInTheDelay_LeavesTheEventToTheNext()
    {
        await using var stream = new EchoStream(Events(), _time, Delay);
        await ReadAsync(stream, CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var cancelled = ReadAsync(stream, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var token = ReadAsync(stream, CancellationToken.None);
        _time.Advance(Delay);
        Assert.Equal("token", await token);
        Assert.Equal("", await ReadAsync(stream, CancellationToken.None));
    }

    [Fact]
    public async Task Read_IntoASmallBuffer_GivesTheEventInPieces()
    {
        await using var stream = new EchoStream(Events(), _time, Delay);
        var small = new byte[3];

        Assert.Equal(3, await stream.ReadAsync(small));
        Assert.Equal("ope", Encoding.UTF8.GetString(small));
        Assert.Equal("n", await ReadAsync(stream, CancellationToken.None));
    }

    private IEnumerable<EchoEvent> Events()
    {
        _made++;
        yield return new EchoEvent("open"u8.ToArray(), IsGenerated: false);
        _made++;
        yield return new EchoEvent("token"u8.ToArray(), IsGenerated: true);
    }

    private async Task<string> ReadAsync(EchoStream stream, CancellationToken cancellationToken) =>
        Encoding.UTF8.GetString(_buffer, 0, await stream.ReadAsync(_buffer, cancellationToken));
}
