using System.Text.Json;

namespace Relay.EndToEnd.Tests.Deployment;

/// <summary>Holds the Dockerfile to the checkout: what it copies is there, and what it starts is built.</summary>
public sealed class DockerfileTests
{
    private readonly List<string[]> _steps = [.. Repository.Read("Dockerfile")
        .Replace("\\\n", "", StringComparison.Ordinal)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private IEnumerable<string> Copied => _steps
        .Where(step => step[0] is "COPY" && !step[1].StartsWith("--from=", StringComparison.Ordinal))
        .SelectMany(step => step[1..^1]);

    [Fact]
    public void Copy_EachSource_IsInTheCheckoutAndNotIgnored()
    {
        var taken = Repository.Read(".dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();

        Assert.All(Copied, path =>
        {
            Assert.True(Path.Exists(Repository.PathOf(path)), $"{path} is not there.");
            Assert.Contains(path.Split('/')[0], taken);
        });
    }

    [Fact]
    public void Copy_BeforeTheRestore_TakesEveryProject() => Assert.Equal(
        Directory.GetFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Order(StringComparer.Ordinal),
        Copied.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("silo", "Silo")]
    [InlineData("frontend", "Frontend")]
    public void Stage_OfEachProgram_StartsItAsAUserWithoutRights(string stage, string project)
    {
        var steps = StepsOf(stage);
        var user = steps.Last(step => step[0] is "USER")[1];
        var start = JsonSerializer.Deserialize<string[]>(string.Join(' ', steps.Single(step => step[0] is "ENTRYPOINT")[1..]))!;
        var published = _steps.Where(step => step[0] is "RUN").SelectMany(step => step).ToList();

        Assert.NotEqual("root", user);
        Assert.NotEqual("0", user);
        Assert.Equal(["dotnet", $"/app/Relay.{project}.dll"], start);
        Assert.Contains($"src/{project}/{project}.csproj", published);
        Assert.Contains($"/out/{stage}", published);
        Assert.Contains(steps, step => step is ["COPY", "--from=build", var from, "/app"] && from.EndsWith($"/{stage}", StringComparison.Ordinal));

        // Only what has a runtime configuration can be started.
        var built = new DirectoryInfo(AppContext.BaseDirectory);
        Assert.True(File.Exists(Path.Combine(built.Parent!.Parent!.FullName, project, built.Name, $"Relay.{project}.runtimeconfig.json")));
    }

    [Fact]
    public void Stages_OfTheComposeFile_AreThere()
    {
        var compose = ComposeFile.Load();
        var stages = _steps.Where(step => step is ["FROM", _, "AS", _]).Select(step => step[3]).ToList();

        Assert.All(
            compose.Services.Where(service => compose.Service(service).ContainsKey("build")),
            service => Assert.Contains((string)ComposeFile.Of(compose.Service(service), "build")["target"], stages));
    }

    /// <summary>A stage's steps, and before them those of the stage that it begins with.</summary>
    private List<string[]> StepsOf(string stage)
    {
        var first = _steps.FindIndex(step => step is ["FROM", _, "AS", var name] && string.Equals(name, stage, StringComparison.Ordinal));
        var own = _steps.Skip(first + 1).TakeWhile(step => step[0] is not "FROM");
        var parent = _steps[first][1];
        return [.. _steps.Exists(step => step is ["FROM", _, "AS", var name] && string.Equals(name, parent, StringComparison.Ordinal)) ? StepsOf(parent) : [], .. own];
    }
}
