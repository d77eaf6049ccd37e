using Microsoft.Extensions.Options;
using Relay.Frontend.Overload;

namespace Relay.Frontend.Tests.Overload;

public sealed class BodyMemoryTests
{
    private readonly BodyMemory _memory = new(Options.Create(new OverloadOptions { BodyBytes = 4096 }));

    [Fact]
    public void TryTake_UpToTheBound_GivesPiecesAndThenNone()
    {
        var pieces = Enumerable.Range(0, 4).Select(_ => _memory.TryTake(1024)).ToList();

        Assert.All(pieces, piece => Assert.True(piece!.Length >= 1024));
        Assert.Null(_memory.TryTake(1));
        Assert.Equal(4096, _memory.Taken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GiveBack_MakesRoom(bool isStillRead)
    {
        var piece = _memory.TryTake(4096)!;

        _memory.GiveBack(piece, isStillRead);

        Assert.Equal(0, _memory.Taken);
        Assert.NotNull(_memory.TryTake(4096));
    }

    [Fact]
    public void GiveBack_OfWhatIsStillRead_IsGivenToNobodyElse()
    {
        var piece = _memory.TryTake(4096)!;

        _memory.GiveBack(piece, isStillRead: true);

        Assert.NotSame(piece, _memory.TryTake(4096));
    }

    [Fact]
    public void TryTakeAndGiveBack_OfManyThreads_NeverPassTheBound()
    {
        var (taken, most, passed) = (0, 0, 0);
        var gate = new Lock();
        Parallel.For(0, 10_000, _ =>
        {
            if (_memory.TryTake(1024) is { } piece)
            {
                lock (gate)
                {
                    passed++;
                    most = Math.Max(most, ++taken);
                }

                lock (gate)
                {
                    taken--;
                }

                _memory.GiveBack(piece);
            }
        });

        Assert.True(passed > 0);
        Assert.InRange(most, 1, 4);
        Assert.Equal(0, _memory.Taken);
    }
}
