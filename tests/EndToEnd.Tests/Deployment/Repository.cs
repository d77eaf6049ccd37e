namespace Relay.EndToEnd.Tests.Deployment;

/// <summary>The files of this checkout.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string name) => Path.Combine(Root, name);

    public static string Read(string name) => File.ReadAllText(PathOf(name));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Relay.sln")))
        {
            directory = directory.Parent ?? throw new InvalidOperationException("The tests must run below the folder of Relay.sln.");
        }

        return directory.FullName;
    }
}
