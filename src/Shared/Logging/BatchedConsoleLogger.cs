using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Relay.Logging;

/// <summary>One category's logger of <see cref="BatchedConsole"/>.</summary>
internal sealed class BatchedConsoleLogger(BatchedConsole console, string category) : ILogger
{
    [ThreadStatic]
    private static StringWriter? _text;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => console.Scopes?.Push(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            console.Write(
                new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter),
                _text ??= new StringWriter(CultureInfo.InvariantCulture));
        }
    }
}
