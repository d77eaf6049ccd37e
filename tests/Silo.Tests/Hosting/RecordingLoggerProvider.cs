using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Relay.Silo.Tests.Hosting;

/// <summary>Keeps the category of every line at warning or above.</summary>
internal sealed class RecordingLoggerProvider : ILoggerProvider
{
    public ConcurrentQueue<string> WarningCategories { get; } = new();

    public ILogger CreateLogger(string categoryName) => new RecordingLogger(categoryName, WarningCategories);

    public void Dispose()
    {
    }

    private sealed class RecordingLogger(string category, ConcurrentQueue<string> warnings) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                warnings.Enqueue(category);
            }
        }
    }
}
