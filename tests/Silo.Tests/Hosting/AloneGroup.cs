namespace Relay.Silo.Tests.Hosting;

/// <summary>The classes beside which no other runs.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneGroup
{
    public const string Name = "Alone";
}
