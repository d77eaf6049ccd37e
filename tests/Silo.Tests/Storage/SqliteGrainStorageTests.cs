using System.Text;
using LinqToDB.Data;
using Orleans.Storage;
using Relay.Silo.Storage;
using Relay.Silo.Tests.Hosting;

namespace Relay.Silo.Tests.Storage;

public sealed class SqliteGrainStorageTests : GrainStorageContract, IDisposable
{
    private readonly TemporaryDatabase _database = new();

    public SqliteGrainStorageTests() => Storage = new SqliteGrainStorage(_database.Database, new JsonGrainStateSerializer());

    protected override IGrainStorage Storage { get; }

    // One process owns a file: there is no other silo.
    protected override IGrainStorage OtherStorage => Storage;

    public void Dispose() => _database.Dispose();

    [Fact]
    public async Task Write_Payload_IsJsonWithoutTypeNames()
    {
        await Storage.WriteStateAsync(StateName, Grain, new GrainState<SnapshotState>(new SnapshotState { Count = 7 }));

        var payload = await _database.Database.ReadAsync(
            (connection, token) => connection.ExecuteAsync<byte[]>("SELECT payload FROM grain_state", token), default);
        Assert.Equal("""{"Count":7,"Text":""}""", Encoding.UTF8.GetString(payload));
    }

    [Fact]
    public async Task Write_KeysThatAreTheSameNumberInHex_AreThreeRows()
    {
        string[] keys = ["ff0f6580", "0ff0f6580", "FF0f6580"];
        foreach (var (key, n) in keys.Select((key, n) => (key, n)))
        {
            await Storage.WriteStateAsync(
                StateName, GrainId.Create("tests", key), new GrainState<SnapshotState>(new SnapshotState { Count = n }));
        }

        foreach (var (key, n) in keys.Select((key, n) => (key, n)))
        {
            Assert.Equal(n, (await ReadAsync(GrainId.Create("tests", key))).State!.Count);
        }
    }
}
