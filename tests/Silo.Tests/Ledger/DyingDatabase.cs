using LinqToDB.Data;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Ledger;

/// <summary>A database whose user dies: after some writes, the next one gets to its end, but not to its commit.</summary>
internal sealed class DyingDatabase(IRelayDatabase database, int writesBefore) : IRelayDatabase
{
    private int _writesLeft = writesBefore;

    public void Open() => database.Open();

    public Task<T> ReadAsync<T>(Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        database.ReadAsync(read, cancellationToken);

    public Task<T> ReadAtOneMomentAsync<T>(
        Func<DataConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        database.ReadAtOneMomentAsync(read, cancellationToken);

    public Task WriteAsync(Func<DataConnection, CancellationToken, Task> write, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async (connection, token) =>
            {
                await write(connection, token);
                if (Interlocked.Decrement(ref _writesLeft) < 0)
                {
                    throw new IOException("The process dies before the commit, as the test told it to.");
                }
            },
            cancellationToken);

    public Task InsertAsync<T>(DataConnection connection, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class =>
        database.InsertAsync(connection, rows, cancellationToken);

    public bool IsUniqueViolation(Exception exception) => database.IsUniqueViolation(exception);

    public void Dispose() => database.Dispose();
}
