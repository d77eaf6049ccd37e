using System.Buffers;
using System.Text;

namespace Relay.Logging;

/// <summary>Gathers text for a few milliseconds and writes it in one piece, away from whoever adds it.</summary>
internal sealed class ConsoleSink : IDisposable
{
    // Whoever adds more than is taken waits, so that a console that stands still cannot fill the memory.
    private const int BytesMax = 1024 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly object _gate = new();
    // Without spinning: whoever waits has some milliseconds.
    private readonly ManualResetEventSlim _ending = new(initialState: false, spinCount: 0);
    private readonly Stream _console;
    private readonly Thread _writer;
    private ArrayBufferWriter<byte> _added = new();
    private ArrayBufferWriter<byte> _taken = new();
    private bool _isWaiting;

    /// <summary>Takes the stream over.</summary>
    public ConsoleSink(Stream console)
    {
        _console = console;
        _writer = new Thread(Run) { IsBackground = true, Name = "Console" };
        _writer.Start();
    }

    /// <summary>Adds a text; all of it is written together.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            while (_added.WrittenCount > BytesMax && !_ending.IsSet)
            {
                Monitor.Wait(_gate);
            }

            Encoding.UTF8.GetBytes(text, _added);
            if (_isWaiting)
            {
                _isWaiting = false;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Writes what was added, and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ending.Set();
            Monitor.PulseAll(_gate);
        }

        _writer.Join();
        _console.Dispose();
        _ending.Dispose();
    }

    private void Run()
    {
        while (Take())
        {
            try
            {
                _console.Write(_taken.WrittenSpan);
                _console.Flush();
            }
            catch (IOException)
            {
                // Nobody reads the console any more, and there is no other place to say so.
            }

            _taken.ResetWrittenCount();

            // For the texts that come right after: to be woken for each, and to write each, would cost more than all the rest.
            _ending.Wait(Pause);
        }
    }

    /// <summary>Takes what was added, once there is something; false when nothing more will come.</summary>
    private bool Take()
    {
        lock (_gate)
        {
            while (_added.WrittenCount == 0)
            {
                if (_ending.IsSet)
                {
                    return false;
                }

                _isWaiting = true;
                Monitor.Wait(_gate);
            }

            (_added, _taken) = (_taken, _added);
            Monitor.PulseAll(_gate);
            return true;
        }
    }
}
