using System.Text;
using Relay.Frontend.Authentication;

namespace Relay.Frontend.Standalone;

/// <summary>Keeps the admin key in the data directory, in a file that only its owner may read.</summary>
internal static class AdminKeyFile
{
    /// <summary>The kept key, or a new one that is then kept.</summary>
    public static string ReadOrCreate(string path, out bool created)
    {
        created = false;
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } kept)
        {
            return kept;
        }

        created = true;
        var key = AdminKey.Create();
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
        return key;
    }
}
