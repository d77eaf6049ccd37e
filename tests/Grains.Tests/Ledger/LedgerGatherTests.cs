using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Grains.Ledger;
using Relay.Testing;
using static Relay.Grains.Tests.Ledger.Entries;

namespace Relay.Grains.Tests.Ledger;

/// <summary>How long entries wait for each other.</summary>
public sealed class LedgerGatherTests : IAsyncDisposable
{
    private const string A = "key_a";

    // Far longer than any test may take: who waits for it to pass fails.
    private static readonly TimeSpan Endless = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly MemoryLedger _ledger = new();
    private LedgerWriter? _writer;

    public async ValueTask DisposeAsync()
    {
        await _writer!.StopAsync(default).WaitAsync(Patience);
        _writer.Dispose();
    }

    [Fact]
    public async Task Append_OthersComeDuringACommit_TheNextWaitsForMore()
    {
        var answers = new List<Task<AppendOutcome>>();
        KeyLedger a = null!;
        var writer = Writer(pause: () => answers.Add(a.AppendAsync(Entry(A, 3, 3))));
        a = writer.Open();
        _ledger.BeforeWriting = _ =>
        {
            if (answers.Count == 0)
            {
                answers.Add(a.AppendAsync(Entry(A, 2, 2)));
            }

            return Task.CompletedTask;
        };
        writer.Start();

        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));
        AssertCommitted(await answers[0]);
        AssertCommitted(await answers[1]);

        Assert.Equal([1, 2], _ledger.Batches);
    }

    [Fact]
    public async Task Append_NobodyCameWhileItWaited_TheNextDoesNot()
    {
        var pauses = 0;
        var writer = Writer(pause: () => pauses++);
        var a = writer.Open();
        writer.Start();

        // One after the other: nobody comes during a commit.
        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));
        AssertCommitted(await a.AppendAsync(Entry(A, 2, 2)));
        Assert.Equal(0, pauses);

        Task<AppendOutcome>? during = null;
        _ledger.BeforeWriting = _ =>
        {
            during ??= a.AppendAsync(Entry(A, 4, 4));
            return Task.CompletedTask;
        };
        AssertCommitted(await a.AppendAsync(Entry(A, 3, 3)));
        AssertCommitted(await during!);
        Assert.Equal(1, pauses);

        AssertCommitted(await a.AppendAsync(Entry(A, 5, 5)));
        Assert.Equal(1, pauses);
    }

    [Fact]
    public async Task Append_EnoughComeWhileItWaits_TheWaitIsOver()
    {
        var writer = Writer(pause: null);
        var a = writer.Open();
        Task<AppendOutcome>? during = null;
        _ledger.BeforeWriting = _ =>
        {
            during ??= a.AppendAsync(Entry(A, 2, 2));
            return Task.CompletedTask;
        };
        writer.Start();
        AssertCommitted(await a.AppendAsync(Entry(A, 1, 1)));

        // With the one that waits just enough, whether they come before the writer looks or while it waits.
        var answers = Enumerable.Range(3, LedgerWriter.GatheredRowsEnough - 1).Select(i => a.AppendAsync(Entry(A, i, i))).ToList();

        Assert.All(await Task.WhenAll([during!, .. answers]).WaitAsync(Patience), AssertCommitted);
    }

    private static void AssertCommitted(AppendOutcome outcome) => Assert.Equal(AppendOutcome.Committed, outcome);

    private LedgerWriter Writer(Action? pause)
    {
        var options = Options.Create(new LedgerOptions { GatherMilliseconds = (int)Endless.TotalMilliseconds });
        _writer = pause is null
            ? new LedgerWriter(_ledger, options, new JumpingClock(), NullLogger<LedgerWriter>.Instance)
            : new LedgerWriter(_ledger, options, new JumpingClock(), NullLogger<LedgerWriter>.Instance) { Pause = pause };
        return _writer;
    }
}
