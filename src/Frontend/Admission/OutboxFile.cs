using System.Buffers;

namespace Relay.Frontend.Admission;

/// <summary>
/// The outbox's file: what is appended is on the disk when the append returns. A line that a crash cut short is dropped at the next
/// open, since nobody was told that it was kept; any other line that cannot be read is reported, never dropped. One thread at a time.
/// </summary>
internal sealed class OutboxFile : IDisposable
{
    private readonly FileStream _file;
    private long _length;

    private OutboxFile(FileStream file)
    {
        _file = file;
    }

    /// <summary>The file's size in bytes.</summary>
    public long Length => _length;

    /// <summary>Opens or creates the file, readable by its owner only.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="waiting">What waits, in the order in which it was added.</param>
    /// <param name="unreadable">Whole lines that are not understood.</param>
    public static OutboxFile Open(string path, out IReadOnlyList<OutboxEntry> waiting, out IReadOnlyList<string> unreadable)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var outbox = new OutboxFile(new FileStream(path, options));
        outbox.Recover(out waiting, out unreadable);
        return outbox;
    }

    /// <summary>Adds entries, and returns when they are on the disk.</summary>
    /// <exception cref="IOException">They are not: the disk is full, or fails. The file is as it was before.</exception>
    public void Append(IReadOnlyList<OutboxEntry> entries)
    {
        var lines = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            new OutboxLine(entry, Done: null).Write(lines);
        }

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
    }

    /// <summary>Notes that an entry waits no longer. Not synced: after a crash it would be settled again, which counts nothing twice.</summary>
    /// <exception cref="IOException">It is not noted.</exception>
    public void MarkDone(Guid requestId)
    {
        var line = new ArrayBufferWriter<byte>();
        new OutboxLine(Waits: null, requestId).Write(line);
        Write(line.WrittenSpan);
    }

    /// <summary>Empties the file: nothing waits.</summary>
    public void Clear() => Truncate(0);

    public void Dispose() => _file.Dispose();

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

    private void Recover(out IReadOnlyList<OutboxEntry> waiting, out IReadOnlyList<string> unreadable)
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var entries = new OrderedDictionary<Guid, OutboxEntry>();
        var lost = new List<string>();
        var rest = bytes.AsSpan();
        while (rest.IndexOf((byte)'\n') is >= 0 and var end)
        {
            if (OutboxLine.Read(rest[..end]) is not { } line)
            {
                lost.Add(System.Text.Encoding.UTF8.GetString(rest[..end]));
            }
            else if (line.Waits is { } entry)
            {
                entries[entry.Settlement.Call.RequestId] = entry;
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
        unreadable = lost;
    }
}
