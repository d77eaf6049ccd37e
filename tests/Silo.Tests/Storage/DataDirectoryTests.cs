using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_MissingFolder_CreatesItForItsOwnerOnly()
    {
        using var directory = DataDirectory.Open(_folder["a/data"]);

        Assert.True(Directory.Exists(_folder["a/data"]));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(_folder["a/data"]));
        }
    }

    [Fact]
    public void Open_FolderThatIsThere_KeepsItsMode()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead;
        File.SetUnixFileMode(_folder.FullPath, Mode);

        using var directory = DataDirectory.Open(_folder.FullPath);

        Assert.Equal(Mode, File.GetUnixFileMode(_folder.FullPath));
    }

    [Fact]
    public void Open_LockedFolder_NamesItAndTheOtherRelay()
    {
        using var first = DataDirectory.Open(_folder.FullPath);

        var exception = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_folder.FullPath));

        Assert.Contains(_folder.FullPath, exception.Message, StringComparison.Ordinal);
        Assert.Contains("another Relay runs there", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void Open_AfterDispose_Locks()
    {
        DataDirectory.Open(_folder.FullPath).Dispose();

        using var second = DataDirectory.Open(_folder.FullPath);

        Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_folder.FullPath));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("file/below")]
    [InlineData("file/below/that")]
    public void Open_PathAtOrBelowAFile_NamesThePath(string path)
    {
        File.WriteAllText(_folder["file"], "");

        var exception = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_folder[path]));

        Assert.Contains(_folder[path], exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("another Relay", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Open_PathThatIsNone_Throws(string path) =>
        Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(path));

    [Fact]
    public void Open_LockFileThatIsAFolder_IsNotTakenForAnotherRelay()
    {
        Directory.CreateDirectory(_folder["relay.lock"]);

        var exception = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(_folder.FullPath));

        Assert.DoesNotContain("another Relay", exception.Message, StringComparison.Ordinal);
    }
}
