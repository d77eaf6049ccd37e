namespace Relay.Silo.Tests.Storage;

/// <summary>The classes that share a server of PostgreSQL; they run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PostgreSqlGroup : ICollectionFixture<PostgreSqlServer>
{
    public const string Name = "PostgreSQL";
}
