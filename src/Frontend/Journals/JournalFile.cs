using System.Buffers;

namespace Relay.Frontend.Journals;

/// <summary>
/// A file of what waits: what is appended is on the disk when the append returns. A line that a crash cut short is dropped at the next
/// open, since nobody was told that it was kept; any other line that cannot be read is reported, never dropped. One thread at a time.
/// </summary>
/// <typeparam name="T">What waits.</typeparam>
internal sealed class JournalFile<T> : IDisposable
    where T : class, IJournalEntry
{
    // Less is not worth a rewrite.
    private const long DoneBytesMin = 64 * 1024;

    private readonly string _path;
    private readonly Dictionary<Guid, int> _waiting = [];
    private FileStream _file;
    private long _length;
    private long _waitingBytes;

    private JournalFile(string path)
    {
        _path = path;
        _file = OpenFile(path, FileMode.OpenOrCreate);
    }

    /// <summary>The file's size in bytes.</summary>
    public long Length => _length;

    /// <summary>Whether what is done outweighs what waits, so that a <see cref="Rewrite"/> makes the file less than half as large.</summary>
    public bool IsMostlyDone => _length - _waitingBytes > Math.Max(_waitingBytes, DoneBytesMin);

    /// <summary>Opens or creates the file, readable by its owner only.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="waiting">What waits, in the order in which it was added.</param>
    /// <param name="unreadable">Whole lines that are not understood.</param>
    public static JournalFile<T> Open(string path, out IReadOnlyList<T> waiting, out IReadOnlyList<string> unreadable)
    {
        var journal = new JournalFile<T>(path);
        journal.Recover(out waiting, out unreadable);
        return journal;
    }

    /// <summary>Adds entries, and returns when they are on the disk.</summary>
    /// <exception cref="IOException">They are not: the disk is full, or fails. The file is as it was before.</exception>
    public void Append(IReadOnlyList<T> entries)
    {
        var (lines, lengths) = LinesOf(entries);
        Write(lines.WrittenSpan);
        try
        {
            _file.Flush(flushToDisk: true);
        }
        catch
        {
            Truncate(_length - lines.WrittenCount);
            throw;
        }

        Count(entries, lengths);
    }

    /// <summary>Notes that an entry waits no longer. Not synced: after a crash it would be done again, which counts nothing twice.</summary>
    /// <exception cref="IOException">It is not noted.</exception>
    public void MarkDone(Guid requestId)
    {
        var line = new ArrayBufferWriter<byte>();
        new JournalLine<T>(Waits: null, requestId).Write(line);
        Write(line.WrittenSpan);
        if (_waiting.Remove(requestId, out var length))
        {
            _waitingBytes -= length;
        }
    }

    /// <summary>Empties the file: nothing waits.</summary>
    public void Clear()
    {
        Truncate(0);
        _waiting.Clear();
        _waitingBytes = 0;
    }

    /// <summary>Replaces the file by one that has what waits and nothing else. At every moment one of the two is whole and in place.</summary>
    /// <param name="waiting">All that waits, in order.</param>
    /// <exception cref="IOException">It could not; the old file stays in use.</exception>
    public void Rewrite(IReadOnlyList<T> waiting)
    {
        var (lines, lengths) = LinesOf(waiting);
        var beside = _path + ".new";
        var next = OpenFile(beside, FileMode.Create);
        try
        {
            next.Write(lines.WrittenSpan);
            next.Flush(flushToDisk: true);
            File.Move(beside, _path, overwrite: true);
        }
        catch
        {
            next.Dispose();
            throw;
        }

        _file.Dispose();
        _file = next;
        _length = lines.WrittenCount;
        _waiting.Clear();
        _waitingBytes = 0;
        Count(waiting, lengths);
    }

    public void Dispose() => _file.Dispose();

    private static FileStream OpenFile(string path, FileMode mode)
    {
        // Whoever replaces a file must be allowed to while it is open.
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private static (ArrayBufferWriter<byte> Lines, List<int> Lengths) LinesOf(IReadOnlyList<T> entries)
    {
        var lines = new ArrayBufferWriter<byte>();
        var lengths = new List<int>();
        foreach (var entry in entries)
        {
            var start = lines.WrittenCount;
            new JournalLine<T>(entry, Done: null).Write(lines);
            lengths.Add(lines.WrittenCount - start);
        }

        return (lines, lengths);
    }

    private void Count(IReadOnlyList<T> entries, List<int> lengths)
    {
        foreach (var (entry, length) in entries.Zip(lengths))
        {
            _waitingBytes += length - _waiting.GetValueOrDefault(entry.RequestId);
            _waiting[entry.RequestId] = length;
        }
    }

    private void Write(ReadOnlySpan<byte> lines)
    {
        try
        {
            _file.Position = _length;
            _file.Write(lines);
            _length += lines.Length;
        }
        catch
        {
            // A half line at the end would spoil the next one.
            Truncate(_length);
            throw;
        }
    }

    private void Truncate(long length)
    {
        _file.SetLength(length);
        _length = length;
    }

    private void Recover(out IReadOnlyList<T> waiting, out IReadOnlyList<string> unreadable)
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var entries = new OrderedDictionary<Guid, T>();
        var lost = new List<string>();
        var rest = bytes.AsSpan();
        while (rest.IndexOf((byte)'\n') is >= 0 and var end)
        {
            if (JournalLine<T>.Read(rest[..end]) is not { } line)
            {
                lost.Add(System.Text.Encoding.UTF8.GetString(rest[..end]));
            }
            else if (line.Waits is { } entry)
            {
                entries[entry.RequestId] = entry;
            }
            else if (line.Done is { } done)
            {
                entries.Remove(done);
            }

            rest = rest[(end + 1)..];
        }

        _length = bytes.Length - rest.Length;
        if (!rest.IsEmpty)
        {
            Truncate(_length);
        }

        waiting = [.. entries.Values];
        Count(waiting, LinesOf(waiting).Lengths);
        unreadable = lost;
    }
}
