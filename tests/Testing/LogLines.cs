using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Relay.Testing;

/// <summary>Keeps the lines that Relay's settings let through, and tells when one comes.</summary>
public sealed class LogLines : ILoggerProvider
{
    // Long enough that only a wait for something that never comes reaches it.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<LogLine> _lines = [];
    private readonly List<(Func<LogLine, bool> IsMeant, TaskCompletionSource<LogLine> Came)> _waiters = [];

    /// <summary>All lines so far; a copy.</summary>
    public IReadOnlyList<LogLine> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>The first line, past or to come, that is meant.</summary>
    public Task<LogLine> FindAsync(Func<LogLine, bool> isMeant)
    {
        lock (_lock)
        {
            if (_lines.Find(line => isMeant(line)) is { } line)
            {
                return Task.FromResult(line);
            }

            var came = new TaskCompletionSource<LogLine>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((isMeant, came));
            return came.Task.WaitAsync(WaitMax);
        }
    }

    /// <summary>The line of a key's only call.</summary>
    public Task<LogLine> CallOfAsync(RelayKey key) => FindAsync(line => IsCallOf(key, line));

    /// <summary>The lines of a key's first calls, once there are so many: a call's line comes after its answer.</summary>
    public async Task<IReadOnlyList<LogLine>> CallsOfAsync(RelayKey key, int count)
    {
        List<LogLine> calls = [];
        while (calls.Count < count)
        {
            var known = calls.ToHashSet();
            calls.Add(await FindAsync(line => IsCallOf(key, line) && !known.Contains(line)));
        }

        return calls;
    }

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, this);

    /// <inheritdoc />
    public void Dispose()
    {
        // Tests read the lines after Relay has stopped.
    }

    private static bool IsCallOf(RelayKey key, LogLine line) =>
        string.Equals(line["KeyId"], key.Id, StringComparison.Ordinal) && line["Outcome"] is not null;

    private void Add(LogLine line)
    {
        lock (_lock)
        {
            _lines.Add(line);
            foreach (var (_, came) in _waiters.Where(waiter => waiter.IsMeant(line)))
            {
                came.TrySetResult(line);
            }

            _waiters.RemoveAll(waiter => waiter.Came.Task.IsCompleted);
        }
    }

    private sealed class Logger(string category, LogLines lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = new Dictionary<string, string>(StringComparer.Ordinal);
            if (state is IEnumerable<KeyValuePair<string, object?>> pairs)
            {
                foreach (var (name, value) in pairs)
                {
                    values[name] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                }
            }

            lines.Add(new LogLine(category, logLevel, $"{formatter(state, exception)} {exception}".TrimEnd(), values));
        }
    }
}
