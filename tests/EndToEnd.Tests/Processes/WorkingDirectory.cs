namespace Relay.EndToEnd.Tests.Processes;

/// <summary>An empty working directory of its own, which the test deletes when no process uses it any more.</summary>
internal sealed class WorkingDirectory
{
    public string FullPath { get; } = Directory.CreateTempSubdirectory("relay-process-").FullName;

    public string this[string name] => Path.Combine(FullPath, name);

    public void Delete() => Directory.Delete(FullPath, recursive: true);
}
