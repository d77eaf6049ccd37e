namespace Relay.Silo.Tests.Storage;

/// <summary>The classes that share the one database of SQL Server; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SqlServerGroup : ICollectionFixture<SqlServerServer>
{
    public const string Name = "SQL Server";
}
