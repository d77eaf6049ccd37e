namespace Relay.Silo.Storage;

/// <summary>Makes files and folders that only their owner may open, where the system knows such modes.</summary>
internal static class PrivateFile
{
    /// <summary>Opens a file to read and write, and creates it with mode 600 when it is missing.</summary>
    public static FileStream OpenOrCreate(string path, FileShare share)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = share,
        };

        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>Creates a folder with mode 700 when it is missing; one that is there keeps its mode.</summary>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
