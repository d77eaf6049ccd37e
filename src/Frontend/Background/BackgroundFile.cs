namespace Relay.Frontend.Background;

/// <summary>Where the responses are kept that are followed.</summary>
/// <param name="Directory">A folder of this process alone, which is there.</param>
internal sealed record BackgroundFile(string Directory)
{
    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(Directory, "background.jsonl");
}
