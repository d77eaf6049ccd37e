using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>A migrated database in a folder of its own.</summary>
internal sealed class TemporaryDatabase : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly DataDirectory _directory;

    public TemporaryDatabase()
    {
        _directory = DataDirectory.Open(_folder.FullPath);
        Database = new SqliteDatabase(_directory);
        Database.Open();
    }

    public SqliteDatabase Database { get; }

    public void Dispose()
    {
        Database.Dispose();
        _directory.Dispose();
        _folder.Dispose();
    }
}
