using System.Collections.Immutable;

namespace Relay.Grains.Tests.Contracts;

#pragma warning disable ORLEANS0004 // The compiler finds a forgotten id too, where nobody silences it as here.

/// <summary>A contract for the tests of the list, with one member whose id was forgotten.</summary>
[GenerateSerializer, Alias("Relay.Tests.SampleContract")]
public sealed record SampleContract
{
    [Id(0)] public long? Count { get; init; }

    [Id(3)] public ImmutableArray<SampleContract> Children { get; init; }

    public string? Unnumbered { get; init; }
}
