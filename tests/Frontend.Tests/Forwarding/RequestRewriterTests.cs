using System.Buffers;
using System.Text;
using CsCheck;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class RequestRewriterTests
{
    [Fact]
    public void Apply_NoEdits_GivesTheBodyItself()
    {
        var body = Bodies.Of("{}", 1);
        Assert.Equal(body, RequestRewriter.Apply(body, []));
    }

    [Fact]
    public void Apply_EditsAtBothEndsAndBetween_LandWhereTheyBelong()
    {
        var edited = RequestRewriter.Apply(Bodies.Of("0123456789", 4), [Edit(0, 0, "a"), Edit(0, 2, "b"), Edit(3, 2, ""), Edit(9, 1, "c"), Edit(10, 0, "d")]);
        Assert.Equal("ab25678cd", Encoding.UTF8.GetString(edited));
        Assert.Equal(9, edited.Length);
    }

    [Fact]
    public void Apply_EverythingRemoved_IsEmpty() =>
        Assert.True(RequestRewriter.Apply(Bodies.Of("0123456789", 3), [Edit(0, 10, "")]).IsEmpty);

    [Fact]
    public void Apply_TheBodysBytes_AreNotCopied()
    {
        var bytes = Encoding.UTF8.GetBytes("0123456789");
        var edited = RequestRewriter.Apply(new ReadOnlySequence<byte>(bytes), [Edit(5, 0, "x")]);
        bytes[0] = (byte)'!';
        bytes[9] = (byte)'?';
        Assert.Equal("!1234x5678?", Encoding.UTF8.GetString(edited));
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(-1, 1)]
    [InlineData(10, 1)]
    [InlineData(6, 5)]
    [InlineData(6, -1)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(6, long.MaxValue)]
    public void Apply_AnEditOutOfPlace_Throws(long offset, long length) => Assert.Throws<ArgumentException>(
        () => RequestRewriter.Apply(Bodies.Of("0123456789"), [Edit(4, 1, "x"), Edit(offset, length, "")]));

    [Fact]
    public void Apply_AnySegmentsAndEdits_EditsAsAStringWouldBe() =>
        Gen.Select(Gen.Int[0, 3].Array[0, 20], Gen.Int[1, 5].Array[1, 4]).Sample((gaps, sizes) =>
        {
            const string Body = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
            var expected = new StringBuilder(Body);
            var edits = new List<ByteEdit>();
            for (var (i, offset, grown) = (0, 0, 0); i + 2 < gaps.Length; i += 3)
            {
                offset += gaps[i];
                var replacement = new string('-', gaps[i + 2]);
                edits.Add(Edit(offset, gaps[i + 1], replacement));
                expected.Remove(offset + grown, gaps[i + 1]).Insert(offset + grown, replacement);
                grown += gaps[i + 2] - gaps[i + 1];
                offset += gaps[i + 1];
            }

            Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(RequestRewriter.Apply(Bodies.Of(Body, sizes), edits)));
        });

    private static ByteEdit Edit(long offset, long length, string replacement) =>
        new(offset, length, Encoding.UTF8.GetBytes(replacement));
}
