using System.Text;
using CsCheck;
using Relay.Frontend.Metering;

namespace Relay.Frontend.Tests.Metering;

public sealed class SseScannerTests
{
    private static readonly Gen<string> Stream = Gen
        .OneOf("\n", "\r", "\r\n", "data: {\"choices\":[]}", "data: {\"usage\":{\"prompt_tokens\":3},\"choices\":[]}", "data: x", ":", "é", "\n\n", "\r\n\r\n")
        .Array[0, 40]
        .Select(string.Concat);

    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", new[] { 9, 9 })]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", new[] { 11, 11 })]
    [InlineData("data: a\r\rdata: b\r\r", new[] { 9, 9 })]
    [InlineData("data: a\n\r\ndata: b\r\n\n", new[] { 10, 10 })]
    [InlineData("data: a\ndata: b\n\n", new[] { 17 })]
    [InlineData("\n\ndata: a\n\n", new[] { 1, 1, 9 })]
    [InlineData("data: a\r\r\ndata: b\r\n\r\n", new[] { 9, 12 })]
    [InlineData("data: a\n", new int[0])]
    [InlineData("data: a\r\n\r", new int[0])]
    [InlineData("", new int[0])]
    public void TryReadEvent_EveryLineEnd_EndsAtTheBlankLine(string stream, int[] lengths)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        Assert.Equal(lengths, Scan(bytes, [bytes.Length]).Select(e => e.Length));
    }

    [Fact]
    public void TryReadEvent_BareCarriageReturns_EndsWithoutWaitingForMore()
    {
        Assert.True(new SseScanner().TryReadEvent("data: [DONE]\r\r"u8, out var length));
        Assert.Equal(14, length);
    }

    [Fact]
    public void TryReadEvent_AnyChunking_FindsTheSameEventsAndLosesNoByte() =>
        Gen.Select(Stream, Gen.Int[1, 12].Array[1, 8]).Sample((stream, chunks) =>
        {
            var bytes = Encoding.UTF8.GetBytes(stream);
            var whole = Scan(bytes, [bytes.Length]);
            var parts = Scan(bytes, chunks);
            Assert.Equal(whole, parts);
            Assert.Equal(bytes[..whole.Sum(e => e.Length)], whole.SelectMany(e => e).ToArray());
        });

    [Fact]
    public void TryReadEvent_RandomLineEnds_CarryTheSameUsageAndText() =>
        Gen.Select(Gen.OneOf("\n", "\r", "\r\n").Array[8], Gen.Int[1, 30].Array[1, 8]).Sample((ends, chunks) =>
        {
            // Between events the two line ends are alike: a CR before an LF would read as one.
            var stream = $"data: {{\"choices\":[{{\"delta\":{{\"content\":\"Hi\"}}}}]}}{ends[0]}{ends[0]}"
                + $": comment{ends[1]}{ends[1]}"
                + $"event: x{ends[2]}data: {{\"choices\":[],{ends[2]}data: \"usage\":{{\"prompt_tokens\":3}}}}{ends[2]}{ends[2]}"
                + $"data: [DONE]{ends[3]}{ends[3]}";
            var meter = new StreamMeter();
            var kinds = Scan(Encoding.UTF8.GetBytes(stream), chunks).Select(e => meter.Read(e)).ToArray();
            Assert.Equal([SseEventKind.Data, SseEventKind.Comment, SseEventKind.UsageOnly, SseEventKind.Done], kinds);
            Assert.Equal(3, meter.Usage?.InputTokens);
            Assert.Equal(2, meter.Text.Bytes);
        });

    [Fact]
    public void TryReadEvent_AGrowingEvent_LooksAtEachByteOnce()
    {
        // What was looked at is overwritten: a scanner that looked again would find blank lines there.
        var scanner = new SseScanner();
        var bytes = new byte[1000];
        for (var length = 1; length < bytes.Length; length++)
        {
            bytes[length - 1] = (byte)'x';
            Assert.False(scanner.TryReadEvent(bytes.AsSpan(0, length), out _));
            bytes[length - 1] = (byte)'\n';
        }
    }

    [Theory]
    [InlineData("data: abc\n\n", 11, false)]
    [InlineData("data: abc\n\n", 10, true)]
    [InlineData("data: abcdefgh", 10, true)]
    [InlineData("data: abcd", 10, false)]
    public void TryReadEvent_AnEventBeyondTheBound_Throws(string stream, int eventBytesMax, bool throws)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        Assert.Equal(throws, Record.Exception(() => new SseScanner(eventBytesMax).TryReadEvent(bytes, out _)) is SseEventTooLongException);
    }

    [Fact]
    public void TryReadEvent_ManyEventsOfAllowedLength_AreNotCountedTogether()
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("data: a\n\n", 50)));
        Assert.Equal(50, Scan(bytes, [4], eventBytesMax: 9).Count);
    }

    private static List<byte[]> Scan(byte[] bytes, int[] chunks, int eventBytesMax = 1 << 20)
    {
        var scanner = new SseScanner(eventBytesMax);
        var events = new List<byte[]>();
        var (start, end) = (0, 0);
        for (var i = 0; end < bytes.Length; i++)
        {
            end = Math.Min(bytes.Length, end + chunks[i % chunks.Length]);
            while (scanner.TryReadEvent(bytes.AsSpan(start, end - start), out var length))
            {
                events.Add(bytes[start..(start + length)]);
                start += length;
            }
        }

        return events;
    }
}
