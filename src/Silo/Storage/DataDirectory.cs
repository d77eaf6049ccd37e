namespace Relay.Silo.Storage;

/// <summary>
/// The folder with everything that a standalone Relay keeps. It is locked from <see cref="Open"/> to <see cref="Dispose"/>,
/// also against other processes, and the lock ends with its process however that ends.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const string LockFileName = "relay.lock";

    private readonly FileStream _lock;

    private DataDirectory(string fullPath, FileStream @lock)
    {
        FullPath = fullPath;
        _lock = @lock;
    }

    /// <summary>The folder's absolute path.</summary>
    public string FullPath { get; }

    /// <summary>Creates the folder when it is missing (mode 700), and locks it.</summary>
    /// <param name="path">An absolute path, or one relative to the working directory.</param>
    /// <exception cref="DataDirectoryException">The folder cannot be created or written, or another Relay uses it.</exception>
    public static DataDirectory Open(string path)
    {
        var fullPath = path;
        try
        {
            fullPath = Path.GetFullPath(path);
            if (File.Exists(fullPath))
            {
                throw new DataDirectoryException($"The data directory '{fullPath}' cannot be used: it is a file.");
            }

            PrivateFile.CreateDirectory(fullPath);

            // The file stays when the lock is released: deleting it would let two later processes lock two different
            // files of that name.
            return new DataDirectory(
                fullPath,
                PrivateFile.OpenOrCreate(Path.Combine(fullPath, LockFileName), FileShare.None));
        }
        catch (IOException exception) when (IsHeldByAnother(exception))
        {
            throw new DataDirectoryException(
                $"The data directory '{fullPath}' is in use: another Relay runs there. Stop it, or choose another directory.",
                exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DataDirectoryException(
                $"The data directory '{fullPath}' cannot be created or written: {exception.Message}",
                exception);
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _lock.Dispose();

    // The runtime has no exception type for a lock that another holds: it hands on the system's own number.
    private static bool IsHeldByAnother(IOException exception)
    {
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        const int LinuxWouldBlock = 11;
        const int AppleWouldBlock = 35;
        return exception.HResult == (OperatingSystem.IsWindows() ? WindowsSharingViolation
            : OperatingSystem.IsLinux() ? LinuxWouldBlock
            : AppleWouldBlock);
    }
}
