namespace Relay.Silo.Tests.Hosting;

/// <summary>The TCP sockets on which this process listens, read from Linux.</summary>
internal static class ListeningSockets
{
    private const string ListenState = "0A";

    public static IReadOnlyList<string> OfThisProcess()
    {
        var own = Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Select(link => new FileInfo(link).LinkTarget)
            .Where(target => target is not null && target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(target => target!["socket:[".Length..^1])
            .ToHashSet(StringComparer.Ordinal);

        return new[] { "/proc/self/net/tcp", "/proc/self/net/tcp6" }
            .Where(File.Exists)
            .SelectMany(table => File.ReadLines(table).Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => string.Equals(columns[3], ListenState, StringComparison.Ordinal) && own.Contains(columns[9]))
            .Select(columns => columns[1])
            .ToList();
    }
}
