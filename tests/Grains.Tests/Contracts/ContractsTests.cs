using System.Reflection;
using System.Text;
using Relay.Grains.Keys;

namespace Relay.Grains.Tests.Contracts;

/// <summary>
/// Holds the contracts between processes to the committed list: an upgrade runs silos and frontends of two versions side by side,
/// and reads what the older one saved.
/// </summary>
public sealed class ContractsTests
{
    private const string WriteVariable = "RELAY_WRITE_CONTRACTS";

    private static readonly Assembly[] Assemblies = [typeof(IKeyGrain).Assembly, typeof(GrainsExtensions).Assembly];

    private static readonly string[] Head =
    [
        "# What processes of two versions must agree on. Lines are only added. To add those of new contracts:",
        $"#   {WriteVariable}=1 dotnet test tests/Grains.Tests --filter FullyQualifiedName~ContractsTests",
        "# A line may go, by hand, only when no running version and no stored state needs it.",
        "",
    ];

    [Fact]
    public async Task Contracts_AsCompiled_AreThoseOfTheList()
    {
        var path = FindList();
        var compiled = ContractList.Of(Assemblies);
        var listed = File.Exists(path) ? Promises(await File.ReadAllLinesAsync(path)) : [];
        var gone = listed.Except(compiled, StringComparer.Ordinal).ToList();
        var added = compiled.Except(listed, StringComparer.Ordinal).ToList();
        if (gone.Count == 0 && added.Count > 0 && Environment.GetEnvironmentVariable(WriteVariable) is "1")
        {
            await File.WriteAllLinesAsync(path, [.. Head, .. compiled]);
            return;
        }

        Assert.True(gone.Count == 0 && added.Count == 0, Describe(gone, added));
    }

    [Fact]
    public void Contracts_All_HaveNamesAndIdsOfTheirOwn() => Assert.Empty(ContractList.FindUnnamed(Assemblies));

    [Fact]
    public void Aliases_All_AreOfOneTypeOnly()
    {
        var twice = Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Select(type => type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias)
            .OfType<string>()
            .GroupBy(alias => alias, StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key);

        Assert.Empty(twice);
    }

    [Fact]
    public void Ids_OfOneType_AreOfOneMemberOnly()
    {
        var twice = ContractList.Of(Assemblies)
            .Where(line => line.StartsWith("type ", StringComparison.Ordinal) && line.Contains('[', StringComparison.Ordinal))
            .GroupBy(line => line[..line.IndexOf(']', StringComparison.Ordinal)], StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .SelectMany(group => group);

        Assert.Empty(twice);
    }

    [Fact]
    public void List_OfTypesMadeForIt_TellsEachPromise()
    {
        var lines = ContractList.Of(typeof(ContractsTests).Assembly);

        Assert.Contains("type Relay.Tests.SampleContract", lines);
        Assert.Contains("type Relay.Tests.SampleContract [0] Count : Int64?", lines);
        Assert.Contains("type Relay.Tests.SampleContract [3] Children : ImmutableArray<Relay.Tests.SampleContract>", lines);
        Assert.Equal(["Relay.Grains.Tests.Contracts.SampleContract: <Unnumbered>k__BackingField has no [Id]."],
            ContractList.FindUnnamed(typeof(ContractsTests).Assembly).Where(fault => fault.Contains(nameof(SampleContract), StringComparison.Ordinal)));
    }

    private static List<string> Promises(IEnumerable<string> lines) =>
        [.. lines.Where(line => line.Length > 0 && !line.StartsWith('#'))];

    private static string Describe(List<string> gone, List<string> added)
    {
        var text = new StringBuilder("OrleansContracts.txt and the compiled contracts differ.").AppendLine();
        foreach (var line in gone)
        {
            text.Append("- ").AppendLine(line);
        }

        foreach (var line in added)
        {
            text.Append("+ ").AppendLine(line);
        }

        text.AppendLine(gone.Count > 0
            ? "A line with - was promised and is gone or changed: a process of the version before could not talk to this one, or what it "
                + "saved would be lost. Put it back, or take the line out of the file by hand if you know that nothing needs it."
            : $"Add what is new with: {WriteVariable}=1 dotnet test tests/Grains.Tests --filter FullyQualifiedName~ContractsTests");
        return text.ToString();
    }

    private static string FindList()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Relay.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The tests must run below the folder of Relay.sln.");
        }

        return Path.Combine(directory.FullName, "src", "Grains.Abstractions", "OrleansContracts.txt");
    }
}
