using System.Text;

namespace Relay.Frontend.Standalone;

/// <summary>Keeps the admin key in the data directory, in a file that only its owner may read.</summary>
internal static class AdminKeyFile
{
    /// <summary>The kept key, or null.</summary>
    public static string? Read(string path) =>
        File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } kept ? kept : null;

    /// <summary>Keeps a key.</summary>
    public static void Write(string path, string key)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // Moved into place when it is whole: a crash leaves either no key or all of it.
        var unfinished = path + ".new";
        using (var file = new FileStream(unfinished, options))
        {
            file.Write(Encoding.ASCII.GetBytes(key + Environment.NewLine));
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
    }
}
