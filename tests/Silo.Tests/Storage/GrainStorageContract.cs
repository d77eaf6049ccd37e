using Orleans.Storage;
using Relay.Silo.Tests.Hosting;

namespace Relay.Silo.Tests.Storage;

/// <summary>Orleans' contract of a grain storage. A storage joins with a class that gives it an empty one.</summary>
public abstract class GrainStorageContract
{
    protected const string StateName = "tests-snapshot-v1";

    protected static readonly GrainId Grain = GrainId.Create("tests", "k:x");

    /// <summary>The storage under test, empty at first.</summary>
    protected abstract IGrainStorage Storage { get; }

    /// <summary>The same storage as another silo has it.</summary>
    protected abstract IGrainStorage OtherStorage { get; }

    [SkippableFact]
    public async Task Read_NeverWritten_AnswersAnEmptyState()
    {
        var state = await ReadAsync();

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Equal(0, state.State!.Count);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("O'Brien \"x\" \0 \U0001F680")]
    public async Task Write_ThenRead_AnswersTheSame(string text)
    {
        var written = new GrainState<SnapshotState>(new SnapshotState { Count = long.MaxValue, Text = text });
        await Storage.WriteStateAsync(StateName, Grain, written);

        var read = await ReadAsync();

        Assert.True(written.RecordExists);
        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal(long.MaxValue, read.State!.Count);
        Assert.Equal(text, read.State!.Text);
    }

    [SkippableFact]
    public async Task Write_LargeState_ReadsBackWhole()
    {
        var text = new string('x', 1 << 20);
        await Storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Text = text }));

        Assert.Equal(text, (await ReadAsync()).State!.Text);
    }

    [SkippableFact]
    public async Task Write_StaleETag_ThrowsAndKeepsTheNewerState()
    {
        await Storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 1 }));
        var winner = await ReadAsync();
        var loser = await ReadAsync();
        winner.State!.Count = 2;
        await Storage.WriteStateAsync(StateName, Grain, winner);

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync(StateName, Grain, loser));

        Assert.Equal(2, (await ReadAsync()).State!.Count);
    }

    [SkippableFact]
    public async Task Write_TwoFirstWritesAtOnce_OneWins()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 20).Select(async n =>
        {
            try
            {
                await (n % 2 == 0 ? Storage : OtherStorage).WriteStateAsync(
                    StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = n }));
                return n;
            }
            catch (InconsistentStateException)
            {
                return 0;
            }
        }));

        var winner = Assert.Single(outcomes, n => n > 0);
        Assert.Equal(winner, (await ReadAsync()).State!.Count);
    }

    [SkippableFact]
    public async Task Clear_ThenRead_AnswersAnEmptyState()
    {
        var state = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await Storage.WriteStateAsync(StateName, Grain, state);

        await Storage.ClearStateAsync(StateName, Grain, state);

        Assert.False(state.RecordExists);
        Assert.Equal(0, state.State!.Count);
        Assert.Equal(0, (await ReadAsync()).State!.Count);
    }

    [SkippableFact]
    public async Task Write_AfterClear_IsReadAgain()
    {
        var state = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await Storage.WriteStateAsync(StateName, Grain, state);
        await Storage.ClearStateAsync(StateName, Grain, state);

        state.State!.Count = 2;
        await Storage.WriteStateAsync(StateName, Grain, state);
        var later = await ReadAsync();
        later.State!.Count++;
        await Storage.WriteStateAsync(StateName, Grain, later);

        Assert.Equal(3, (await ReadAsync()).State!.Count);
    }

    [SkippableFact]
    public async Task Write_KeysThatDifferByCaseOrState_AreDifferentRows()
    {
        (string State, string Key)[] rows = [(StateName, "k:a"), (StateName, "k:A"), ("tests-other-v1", "k:a")];
        foreach (var (n, row) in rows.Index())
        {
            await Storage.WriteStateAsync(
                row.State, GrainId.Create("tests", row.Key), new GrainState<SnapshotState>(new SnapshotState { Count = n }));
        }

        foreach (var (n, row) in rows.Index())
        {
            Assert.Equal(n, (await ReadAsync(GrainId.Create("tests", row.Key), row.State)).State!.Count);
        }
    }

    [SkippableFact]
    public async Task Clear_StaleETag_ThrowsAndKeepsTheState()
    {
        await Storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 1 }));
        var stale = await ReadAsync();
        await Storage.WriteStateAsync(StateName, Grain, await ReadAsync());

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync(StateName, Grain, stale));

        Assert.Equal(1, (await ReadAsync()).State!.Count);
    }

    [SkippableFact]
    public async Task Write_AfterClearAndRewriteByAnother_Throws()
    {
        var first = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await Storage.WriteStateAsync(StateName, Grain, first);
        var stale = await ReadAsync();
        await Storage.ClearStateAsync(StateName, Grain, first);
        await Storage.WriteStateAsync(StateName, Grain, first);

        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync(StateName, Grain, stale));
    }

    protected async Task<GrainState<SnapshotState>> ReadAsync(GrainId? grain = null, string stateName = StateName)
    {
        var state = new GrainState<SnapshotState>();
        await Storage.ReadStateAsync(stateName, grain ?? Grain, state);
        return state;
    }
}
