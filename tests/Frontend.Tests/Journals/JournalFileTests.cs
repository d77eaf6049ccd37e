using CsCheck;
using Relay.Frontend.Admission;
using Relay.Frontend.Journals;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Frontend.Tests.Journals;

public sealed class JournalFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"relay-journal-{Guid.NewGuid():N}");

    [Fact]
    public void Open_AfterAppendsAndDones_AnswersWhatWaitsInOrder()
    {
        var entries = Enumerable.Range(0, 5).Select(Entry).ToList();
        using (var file = JournalFile<OutboxEntry>.Open(_path, out var waiting, out _))
        {
            Assert.Empty(waiting);
            file.Append([entries[0], entries[1]]);
            file.Append([entries[2], entries[3], entries[4]]);
            file.MarkDone(entries[1].RequestId);
            file.MarkDone(entries[4].RequestId);
        }

        Assert.Equal([entries[0], entries[2], entries[3]], Reopen(out var unreadable));
        Assert.Empty(unreadable);
    }

    [Fact]
    public void Open_AfterClear_AnswersNothing()
    {
        using (var file = JournalFile<OutboxEntry>.Open(_path, out _, out _))
        {
            file.Append([Entry(1)]);
            file.Clear();
            file.Append([Entry(2)]);
        }

        Assert.Equal([Entry(2)], Reopen(out _));
    }

    [Fact]
    public void Open_CutAnywhere_KeepsEveryWholeLineAndGoesOn()
    {
        // A crash may leave any part of the last append.
        Gen.Select(Gen.Int[1, 6], Gen.Double[0, 1]).Sample((count, share) =>
        {
            File.Delete(_path);
            var entries = Enumerable.Range(0, count).Select(Entry).ToList();
            var ends = new List<long>();
            using (var file = JournalFile<OutboxEntry>.Open(_path, out _, out _))
            {
                foreach (var entry in entries)
                {
                    file.Append([entry]);
                    ends.Add(file.Length);
                }
            }

            var cut = (long)(share * ends[^1]);
            using (var raw = File.OpenWrite(_path))
            {
                raw.SetLength(cut);
            }

            var whole = entries.Take(ends.Count(end => end <= cut)).ToList();
            using (var file = JournalFile<OutboxEntry>.Open(_path, out var waiting, out var unreadable))
            {
                Assert.Equal(whole, waiting);
                Assert.Empty(unreadable);
                file.Append([Entry(99)]);
            }

            Assert.Equal([.. whole, Entry(99)], Reopen(out _));
        }, iter: 100, threads: 1);
    }

    [Fact]
    public void Open_LineOfGarbage_ReportsItAndKeepsTheOthers()
    {
        using (var file = JournalFile<OutboxEntry>.Open(_path, out _, out _))
        {
            file.Append([Entry(1), Entry(2), Entry(3)]);
        }

        var lines = File.ReadAllLines(_path);
        lines[1] = lines[1].Replace("gpt-4o", "gpt-4x", StringComparison.Ordinal);
        File.WriteAllText(_path, string.Concat(lines.Select(line => line + "\n")));

        Assert.Equal([Entry(1), Entry(3)], Reopen(out var unreadable));
        Assert.Equal([lines[1]], unreadable);
    }

    [Fact]
    public void Rewrite_OnceMostOfItIsDone_ShrinksToWhatWaitsAndGoesOn()
    {
        var entries = Enumerable.Range(0, 400).Select(Entry).ToList();
        using (var file = JournalFile<OutboxEntry>.Open(_path, out _, out _))
        {
            file.Append(entries);
            var all = file.Length;
            Assert.False(file.IsMostlyDone);
            entries.Take(390).ToList().ForEach(entry => file.MarkDone(entry.RequestId));
            Assert.True(file.IsMostlyDone);

            file.Rewrite(entries[390..]);

            Assert.InRange(file.Length, 1, all / 20);
            Assert.Equal(file.Length, new FileInfo(_path).Length);
            Assert.False(file.IsMostlyDone);
            file.MarkDone(entries[395].RequestId);
            file.Append([Entry(400)]);
        }

        Assert.Equal([.. entries[390..395], .. entries[396..], Entry(400)], Reopen(out _));
    }

    [Fact]
    public void Rewrite_ThatFails_LeavesTheFileInUse()
    {
        Directory.CreateDirectory(_path + ".new");
        try
        {
            using (var file = JournalFile<OutboxEntry>.Open(_path, out _, out _))
            {
                file.Append([Entry(1), Entry(2)]);
                file.MarkDone(Entry(1).RequestId);
                Assert.ThrowsAny<Exception>(() => file.Rewrite([Entry(2)]));
                file.Append([Entry(3)]);
            }

            Assert.Equal([Entry(2), Entry(3)], Reopen(out _));
        }
        finally
        {
            Directory.Delete(_path + ".new");
        }
    }

    [Fact]
    public void Open_NewFile_IsItsOwnersAlone()
    {
        using var file = JournalFile<OutboxEntry>.Open(_path, out _, out _);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
        }
    }

    public void Dispose() => File.Delete(_path);

    private IReadOnlyList<OutboxEntry> Reopen(out IReadOnlyList<string> unreadable)
    {
        using var file = JournalFile<OutboxEntry>.Open(_path, out var waiting, out unreadable);
        return waiting;
    }

    private static OutboxEntry Entry(int number) => new($"key_{number:d16}", new Settlement
    {
        Call = new CallFacts
        {
            RequestId = new Guid(number + 1, 0, 0, new byte[8]),
            ReservedAt = DateTimeOffset.UnixEpoch.AddMilliseconds(number),
            Endpoint = "/v1/chat/completions",
            Model = "gpt-4o \"quoted\" \u00e4",
            InputTokensHeld = 10,
            OutputTokensHeld = 20,
            Choices = 2,
        },
        Usage = new TokenUsage { InputTokens = number, CachedInputTokens = 1, OutputTokens = 7, ReasoningTokens = 3 },
        Source = UsageSource.Estimated,
        Outcome = Outcome.ClientClosed,
        HttpStatus = 200,
        ModelActual = null,
        Upstream = "default",
        Attempts = 1,
        StartedAt = DateTimeOffset.UnixEpoch.AddSeconds(1),
        FirstByteAt = null,
        EndedAt = DateTimeOffset.UnixEpoch.AddSeconds(2),
    });
}
