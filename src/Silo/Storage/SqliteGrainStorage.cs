using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Orleans.Storage;

namespace Relay.Silo.Storage;

/// <summary>
/// Keeps grain state in the process's SQLite file. Orleans' ADO.NET provider can open SQLite too, but its writers go past the
/// queue of <see cref="SqliteDatabase"/> and meet the ledger's at the file's lock. Measured with 100 grains that save at once: its
/// counts were right, but one of the ledger's commits waited 1.2 s; in one queue, 21 ms.
/// </summary>
internal sealed class SqliteGrainStorage(SqliteDatabase database, IGrainStorageSerializer serializer) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var id = grainId.ToString();
        var row = await database.ReadAsync(
            (connection, token) => Rows(connection, stateName, id).FirstOrDefaultAsync(token),
            CancellationToken.None);

        grainState.State = row is null ? Activator.CreateInstance<T>() : serializer.Deserialize<T>(new BinaryData(row.Payload));
        grainState.ETag = row?.ETag;
        grainState.RecordExists = row is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Serialized before the first await, that is, on the grain's own turn: nothing can change the state meanwhile.
        var row = new GrainStateRow
        {
            StateName = stateName,
            GrainId = grainId.ToString(),
            ETag = NewETag(),
            Payload = serializer.Serialize(grainState.State).ToArray(),
        };

        var expected = grainState.ETag;
        await database.WriteAsync((connection, token) => ReplaceAsync(connection, row, expected, token), CancellationToken.None);

        grainState.ETag = row.ETag;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var id = grainId.ToString();
        var expected = grainState.ETag;
        await database.WriteAsync(
            async (connection, token) =>
            {
                var rows = Rows(connection, stateName, id);
                if (await rows.Where(row => row.ETag == expected).DeleteAsync(token) == 0 && await rows.AnyAsync(token))
                {
                    throw Conflict(stateName, id);
                }
            },
            CancellationToken.None);

        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    // Inside a write nobody else writes, so that a look before the insert is enough.
    private static async Task ReplaceAsync(DataConnection connection, GrainStateRow row, string? expected, CancellationToken token)
    {
        var rows = Rows(connection, row.StateName, row.GrainId);
        if (expected is null && !await rows.AnyAsync(token))
        {
            await connection.InsertAsync(row, token: token);
            return;
        }

        var updated = await rows.Where(stored => stored.ETag == expected)
            .Set(stored => stored.ETag, row.ETag)
            .Set(stored => stored.Payload, row.Payload)
            .UpdateAsync(token);
        if (updated == 0)
        {
            throw Conflict(row.StateName, row.GrainId);
        }
    }

    private static IQueryable<GrainStateRow> Rows(DataConnection connection, string stateName, string grainId) =>
        connection.GetTable<GrainStateRow>().Where(row => row.StateName == stateName && row.GrainId == grainId);

    // Random, not counted: a row that was cleared and written anew must not look like the one that a stale activation has read.
    private static string NewETag() => Guid.NewGuid().ToString("N");

    private static InconsistentStateException Conflict(string stateName, string grainId) =>
        new($"The state '{stateName}' of grain '{grainId}' was written by another activation.");
}
