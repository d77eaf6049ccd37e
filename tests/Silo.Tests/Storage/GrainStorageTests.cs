using System.Text;
using LinqToDB.Data;
using Orleans.Storage;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Hosting;

namespace Relay.Silo.Tests.Storage;

/// <summary>Orleans' contract of a grain storage, held by ours.</summary>
public sealed class GrainStorageTests : IDisposable
{
    private const string StateName = "tests-snapshot-v1";

    private static readonly GrainId Grain = GrainId.Create("tests", "k:x");

    private readonly TemporaryDatabase _database = new();
    private readonly SqliteGrainStorage _storage;

    public GrainStorageTests() => _storage = new SqliteGrainStorage(_database.Database, new JsonGrainStateSerializer());

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Read_NeverWritten_AnswersAnEmptyState()
    {
        var state = await ReadAsync();

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Equal(0, state.State!.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("O'Brien \"x\" \0 \U0001F680")]
    public async Task Write_ThenRead_AnswersTheSame(string text)
    {
        var written = new GrainState<SnapshotState>(new SnapshotState { Count = long.MaxValue, Text = text });
        await _storage.WriteStateAsync(StateName, Grain, written);

        var read = await ReadAsync();

        Assert.True(written.RecordExists);
        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal(long.MaxValue, read.State!.Count);
        Assert.Equal(text, read.State!.Text);
    }

    [Fact]
    public async Task Write_LargeState_ReadsBackWhole()
    {
        var text = new string('x', 1 << 20);
        await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Text = text }));

        Assert.Equal(text, (await ReadAsync()).State!.Text);
    }

    [Fact]
    public async Task Write_Payload_IsJsonWithoutTypeNames()
    {
        await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 7 }));

        var payload = await _database.Database.ReadAsync(
            (connection, token) => connection.ExecuteAsync<byte[]>("SELECT payload FROM grain_state", token), default);
        Assert.Equal("""{"Count":7,"Text":""}""", Encoding.UTF8.GetString(payload));
    }

    [Fact]
    public async Task Write_StaleETag_ThrowsAndKeepsTheNewerState()
    {
        await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 1 }));
        var winner = await ReadAsync();
        var loser = await ReadAsync();
        winner.State!.Count = 2;
        await _storage.WriteStateAsync(StateName, Grain, winner);

        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync(StateName, Grain, loser));

        Assert.Equal(2, (await ReadAsync()).State!.Count);
    }

    [Fact]
    public async Task Write_TwoFirstWritesAtOnce_OneWins()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 20).Select(async n =>
        {
            try
            {
                await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = n }));
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

    [Fact]
    public async Task Clear_ThenRead_AnswersAnEmptyState()
    {
        var state = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await _storage.WriteStateAsync(StateName, Grain, state);

        await _storage.ClearStateAsync(StateName, Grain, state);

        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
        Assert.Equal(0, state.State!.Count);
        Assert.False((await ReadAsync()).RecordExists);
    }

    [Fact]
    public async Task Clear_StaleETag_ThrowsAndKeepsTheState()
    {
        await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 1 }));
        var stale = await ReadAsync();
        await _storage.WriteStateAsync(StateName, Grain, await ReadAsync());

        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.ClearStateAsync(StateName, Grain, stale));

        Assert.Equal(1, (await ReadAsync()).State!.Count);
    }

    [Fact]
    public async Task Write_AfterClearAndRewriteByAnother_Throws()
    {
        var first = new GrainState<SnapshotState>(new SnapshotState { Count = 1 });
        await _storage.WriteStateAsync(StateName, Grain, first);
        var stale = await ReadAsync();
        await _storage.ClearStateAsync(StateName, Grain, first);
        await _storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 2 }));

        await Assert.ThrowsAsync<InconsistentStateException>(() => _storage.WriteStateAsync(StateName, Grain, stale));
    }

    [Fact]
    public async Task Write_KeysThatAreTheSameNumberInHex_AreThreeRows()
    {
        string[] keys = ["ff0f6580", "0ff0f6580", "FF0f6580"];
        foreach (var (key, n) in keys.Select((key, n) => (key, n)))
        {
            await _storage.WriteStateAsync(
                StateName, GrainId.Create("tests", key), new GrainState<SnapshotState>(new SnapshotState { Count = n }));
        }

        foreach (var (key, n) in keys.Select((key, n) => (key, n)))
        {
            Assert.Equal(n, (await ReadAsync(GrainId.Create("tests", key))).State!.Count);
        }
    }

    private async Task<GrainState<SnapshotState>> ReadAsync(GrainId? grain = null)
    {
        var state = new GrainState<SnapshotState>();
        await _storage.ReadStateAsync(StateName, grain ?? Grain, state);
        return state;
    }
}
