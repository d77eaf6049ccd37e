using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Relay.EndToEnd.Tests;

/// <summary>Holds who may reference whom: by project, by package, and by folder.</summary>
public sealed partial class LayeringTests
{
    private static readonly string Source = FindSource();

    /// <summary>What each project may reference, and which packages it may name.</summary>
    public static TheoryData<string, string[], string[]> Projects => new()
    {
        { "Grains.Abstractions", [], ["Microsoft.Orleans.Sdk"] },
        { "Grains", ["Grains.Abstractions"], ["Microsoft.Orleans.Runtime", "Microsoft.Orleans.Sdk", "Polly.Core"] },
        { "Shared", [], ["DotNetEnv"] },
        {
            "Silo",
            ["Grains", "Shared"],
            [
                "Microsoft.Data.SqlClient",
                "Microsoft.Data.Sqlite",
                "Microsoft.Orleans.Clustering.AdoNet",
                "Microsoft.Orleans.Dashboard",
                "Microsoft.Orleans.Persistence.AdoNet",
                "Microsoft.Orleans.Server",
                "Npgsql",
                "Polly.Core",
                "dbup-core",
                "dbup-postgresql",
                "dbup-sqlite",
                "dbup-sqlserver",
                "linq2db",
            ]
        },
        {
            "Frontend",
            ["Grains.Abstractions", "Shared", "Silo"],
            ["Microsoft.AspNetCore.OpenApi", "Microsoft.Orleans.Client", "Microsoft.Orleans.Dashboard", "Microsoft.ML.Tokenizers", "Microsoft.ML.Tokenizers.Data.Cl100kBase", "Microsoft.ML.Tokenizers.Data.O200kBase", "Polly.Core", "Scalar.AspNetCore"]
        },
    };

    /// <summary>Which other folders of its project each folder may use; <c>.</c> is the project's own folder, the composition root.</summary>
    public static TheoryData<string, string, string[]> Folders => new()
    {
        { "Frontend", "Errors", [] },
        { "Frontend", "Metering", [] },
        { "Frontend", "Simulation", ["Metering"] },
        { "Frontend", "Endpoints", ["Metering"] },
        { "Frontend", "Authentication", ["Errors"] },
        { "Frontend", "Upstreams", ["Endpoints", "Errors", "Simulation"] },
        { "Frontend", "Journals", [] },
        { "Frontend", "Admission", ["Errors", "Journals"] },
        { "Frontend", "Background", ["Admission", "Errors", "Journals", "Metering", "Upstreams"] },
        { "Frontend", "Overload", [] },
        { "Frontend", "Forwarding", ["Background", "Endpoints", "Upstreams", "Admission", "Authentication", "Metering", "Errors", "Overload"] },
        { "Frontend", "Admin", ["Authentication", "Admission", "Background", "Errors"] },
        { "Frontend", "Standalone", ["Admin", "Admission", "Authentication", "Background", "Upstreams"] },
        { "Frontend", "Dashboard", ["Authentication", "Errors"] },
        { "Frontend", "Health", ["Standalone", "Upstreams"] },
        { "Frontend", "Proxies", [] },
        { "Frontend", "Shutdown", ["Admission", "Errors", "Forwarding", "Overload"] },
        { "Frontend", ".", ["Admin", "Admission", "Authentication", "Background", "Dashboard", "Errors", "Forwarding", "Health", "Overload", "Proxies", "Shutdown", "Standalone", "Upstreams"] },
        { "Grains", "Models", ["Quotas"] },
        { "Grains", "Quotas", ["Accounts", "Models"] },
        { "Grains", "Ledger", ["Quotas"] },
        { "Grains", "Directory", ["Ownership"] },
        { "Grains", "Accounts", ["Ownership"] },
        { "Grains", "Allotments", ["Accounts", "Ledger", "Ownership", "Quotas"] },
        { "Grains", "Health", ["Directory"] },
        { "Grains", "Ownership", [] },
        { "Grains", "Keys", ["Accounts", "Allotments", "Models", "Quotas", "Ledger", "Directory", "Ownership"] },
        { "Grains", ".", ["Accounts", "Allotments", "Keys", "Quotas", "Ledger", "Ownership"] },
        { "Shared", "Configuration", [] },
        { "Shared", "Health", [] },
        { "Shared", "Hosting", ["Configuration"] },
        { "Shared", "Logging", [] },
        { "Silo", "Storage", [] },
        { "Silo", "Ledger", ["Storage"] },
        { "Silo", "Ownership", ["Storage"] },
        { "Silo", "Models", [] },
        { "Silo", "Dashboard", [] },
        { "Silo", "Clustering", ["Storage", "Dashboard"] },
        { "Silo", "Quotas", ["Storage"] },
        { "Silo", "Accounts", ["Storage", "Quotas"] },
        { "Silo", "Allotments", ["Storage", "Ownership"] },
        { "Silo", "Warnings", ["Storage"] },
        { "Silo", "Keys", ["Storage", "Quotas", "Accounts", "Ledger", "Ownership"] },
        { "Silo", "Hosting", ["Storage", "Accounts", "Allotments", "Ledger", "Models", "Keys", "Ownership", "Clustering", "Dashboard", "Warnings"] },
        { "Silo", ".", ["Hosting", "Storage"] },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_AnyReference_IsAllowed(string project, string[] projects, string[] packages)
    {
        var file = XDocument.Load(Path.Combine(Source, project, $"{project}.csproj"));

        Assert.Equal(
            projects.Order(StringComparer.Ordinal),
            Included(file, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal));
        Assert.Equal(packages.Order(StringComparer.Ordinal), Included(file, "PackageReference").Order(StringComparer.Ordinal));
        Assert.Equal(
            project is "Shared" ? ["Microsoft.AspNetCore.App"] : [],
            Included(file, "FrameworkReference"));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_AnyReference_IsAllowed(string project, string folder, string[] allowed)
    {
        var own = Directory.EnumerateDirectories(Path.Combine(Source, project)).Select(path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
        Assert.All(allowed, other => Assert.Contains(other, own));

        var types = TypesOf(project, own.Except([folder, .. allowed], StringComparer.Ordinal));
        var wrong = FilesOf(project, folder)
            .SelectMany(file => NamesIn(file).Select(name => (File: file, Name: name)))
            .Where(use => IsForbidden(use.Name, project, folder, own, allowed))
            .Select(Describe)
            .Concat(FilesOf(project, folder)
                .SelectMany(file => WordsIn(file).Where(types.Contains).Select(type => Describe((file, [type])))));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Folders_AllThatThereAre_AreInTheTable()
    {
        var there = Directory.EnumerateFiles(Source, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Source, file).Split(Path.DirectorySeparatorChar))
            .Where(parts => parts[0] is not "Grains.Abstractions")
            .Select(parts => $"{parts[0]}/{(parts.Length == 2 ? "." : parts[1])}")
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

        Assert.Equal(there, Folders.Select(row => $"{row[0]}/{row[1]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Frontend_OutsideStandaloneAndTheRoot_NeverNamesTheSilo()
    {
        var wrong = FilesOf("Frontend", "")
            .Where(file => Path.GetRelativePath(Path.Combine(Source, "Frontend"), file) is var path
                && !path.StartsWith("Standalone" + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                && path.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal))
            .SelectMany(file => NamesIn(file).Select(name => (File: file, Name: name)))
            .Where(use => use.Name.Length > 1 && use.Name[1] is "Silo")
            .Select(Describe);
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("Grains.Abstractions", "Microsoft.AspNetCore")]
    [InlineData("Grains.Abstractions", "Relay.Silo")]
    [InlineData("Grains.Abstractions", "Relay.Frontend")]
    [InlineData("Grains", "Microsoft.AspNetCore")]
    [InlineData("Grains", "Microsoft.Data")]
    [InlineData("Grains", "System.Data")]
    [InlineData("Grains", "LinqToDB")]
    [InlineData("Grains", "Relay.Silo")]
    [InlineData("Grains", "Relay.Frontend")]
    [InlineData("Silo", "Relay.Frontend")]
    [InlineData("Frontend", "Microsoft.Data")]
    [InlineData("Frontend", "System.Data")]
    [InlineData("Frontend", "LinqToDB")]
    [InlineData("Frontend", "DbUp")]
    public void Project_Namespace_IsNeverNamed(string project, string forbidden)
    {
        var name = new Regex($@"\b{Regex.Escape(forbidden)}\.", RegexOptions.None, TimeSpan.FromSeconds(1));

        Assert.DoesNotContain(FilesOf(project, ""), file => name.IsMatch(CodeOf(file)));
    }

    /// <summary>The full names of Relay's own namespaces and types that a file's code mentions, in parts.</summary>
    private static IEnumerable<string[]> NamesIn(string file) =>
        RelayName().Matches(CodeOf(file)).Select(match => match.Value.Split('.'));

    /// <summary>The code of a file without its comments, and without the namespace that it declares.</summary>
    private static string CodeOf(string file) => string.Join('\n', File.ReadLines(file)
        .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && !line.StartsWith("namespace ", StringComparison.Ordinal)));

    private static bool IsForbidden(string[] name, string project, string folder, HashSet<string> own, string[] allowed) =>
        !IsShared(project)
        && name.Length > 2 && project.Equals(name[1], StringComparison.Ordinal)
        && own.Contains(name[2]) && !folder.Equals(name[2], StringComparison.Ordinal) && !allowed.Contains(name[2]);

    /// <summary>
    /// The types of some folders of a project whose namespaces another project shares, so that a <c>using</c> does not tell which of
    /// the two is meant: there is one type a file, of the file's name.
    /// </summary>
    private static HashSet<string> TypesOf(string project, IEnumerable<string> folders) => IsShared(project)
        ? folders.SelectMany(folder => FilesOf(project, folder)).Select(file => Path.GetFileName(file).Split('.')[0]).ToHashSet(StringComparer.Ordinal)
        : [];

    private static bool IsShared(string project) => Directory.Exists(Path.Combine(Source, $"{project}.Abstractions"));

    private static IEnumerable<string> WordsIn(string file) => Word().Matches(CodeOf(file)).Select(match => match.Value).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> FilesOf(string project, string folder) => folder is "."
        ? Directory.EnumerateFiles(Path.Combine(Source, project), "*.cs")
        : Directory.EnumerateFiles(Path.Combine(Source, project, folder), "*.cs", SearchOption.AllDirectories);

    private static IEnumerable<string> Included(XDocument project, string element) =>
        project.Descendants(element).Select(item => item.Attribute("Include")!.Value);

    private static string Describe((string File, string[] Name) use) =>
        $"{Path.GetRelativePath(Source, use.File)} names {string.Join('.', use.Name)}";

    private static string FindSource()
    {
        var directory = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        while (!File.Exists(Path.Combine(directory.FullName, "Relay.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The tests must run below the folder of Relay.sln.");
        }

        return Path.Combine(directory.FullName, "src");
    }

    [GeneratedRegex(@"\bRelay(\.[A-Z]\w*)+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RelayName();

    [GeneratedRegex(@"\b[A-Z]\w*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();
}
