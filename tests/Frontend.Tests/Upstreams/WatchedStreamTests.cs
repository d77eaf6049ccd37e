using System.IO.Pipelines;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Upstreams;

public sealed class WatchedStreamTests
{
    private readonly Pipe _connection = new();

    [Fact]
    public async Task Read_ThatMustWaitOrNot_GivesWhatCame()
    {
        await using var stream = new WatchedStream(_connection.Reader.AsStream());
        var buffer = new byte[16];
        for (byte i = 1; i <= 3; i++)
        {
            var waiting = stream.ReadAsync(buffer);
            Assert.False(waiting.IsCompleted);
            await _connection.Writer.WriteAsync(new[] { i });
            Assert.Equal((1, i), (await waiting, buffer[0]));

            await _connection.Writer.WriteAsync(new byte[] { 10, i });
            Assert.Equal((2, i), (await stream.ReadAsync(buffer), buffer[1]));
        }

        await _connection.Writer.CompleteAsync();
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }

    [Fact]
    public async Task Read_OfAConnectionThatBreaks_FailsAsItDoes()
    {
        await using var stream = new WatchedStream(_connection.Reader.AsStream());
        var waiting = stream.ReadAsync(new byte[16]);

        await _connection.Writer.CompleteAsync(new IOException("reset"));

        Assert.Equal("reset", (await Assert.ThrowsAsync<IOException>(async () => await waiting)).Message);
        Assert.Equal("reset", (await Assert.ThrowsAsync<IOException>(async () => _ = await stream.ReadAsync(new byte[16]))).Message);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public async Task Attempt_DiedUnanswered_OnlyOnAConnectionThatWasGoodAndGaveNothing(bool wasGood, bool answers, bool expected)
    {
        await using var stream = new WatchedStream(new Connection(_connection.Reader.AsStream()));
        if (wasGood)
        {
            await SendAsync(stream);
            await _connection.Writer.WriteAsync(new byte[] { 1 });
            Assert.Equal(1, await stream.ReadAsync(new byte[16]));
        }

        // As HttpClient does with a connection that waits in its pool: the read begins before the request is sent.
        var reading = stream.ReadAsync(new byte[16]);
        var attempt = await SendAsync(stream);
        await (answers ? _connection.Writer.WriteAsync(new byte[] { 2 }) : default);
        await _connection.Writer.CompleteAsync();
        Assert.Equal(answers ? 1 : 0, await reading);

        Assert.Equal(expected, attempt.DiedUnanswered);
    }

    private static async Task<ConnectionAttempt> SendAsync(WatchedStream stream)
    {
        var attempt = new ConnectionAttempt();
        attempt.Begin();
        await stream.WriteAsync(new byte[] { 0 });
        return attempt;
    }

    /// <summary>A connection that keeps what is written, and reads what comes.</summary>
    private sealed class Connection(Stream incoming) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => incoming.ReadAsync(buffer, cancellationToken);
    }
}
