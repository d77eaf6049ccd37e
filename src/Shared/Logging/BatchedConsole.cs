using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Relay.Logging;

/// <summary>
/// The console logger, with .NET's own formatters and settings, that writes many lines at once. .NET's own wakes a thread and writes to
/// the console for each line, which at a thousand calls a second cost more than to make the lines.
/// </summary>
[ProviderAlias("Console")]
internal sealed class BatchedConsole : ILoggerProvider, ISupportExternalScope
{
    private readonly ConsoleSink _output = new(Console.OpenStandardOutput());
    private readonly Lazy<ConsoleSink> _error = new(static () => new ConsoleSink(Console.OpenStandardError()));
    private readonly ConsoleFormatter _formatter;
    private readonly IOptionsMonitor<ConsoleLoggerOptions> _options;
    private IExternalScopeProvider? _scopes;

    public BatchedConsole(IOptionsMonitor<ConsoleLoggerOptions> options, IEnumerable<ConsoleFormatter> formatters)
    {
        _options = options;
        var known = formatters.ToDictionary(static formatter => formatter.Name, StringComparer.OrdinalIgnoreCase);
        _formatter = known.GetValueOrDefault(options.CurrentValue.FormatterName ?? "") ?? known[ConsoleFormatterNames.Simple];
    }

    public ILogger CreateLogger(string categoryName) => new BatchedConsoleLogger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>Scopes, for a logger.</summary>
    public IExternalScopeProvider? Scopes => _scopes;

    /// <summary>Formats an entry as the settings say, and adds it to what is to be written.</summary>
    public void Write<TState>(in LogEntry<TState> entry, StringWriter text)
    {
        var builder = text.GetStringBuilder();
        _formatter.Write(in entry, _scopes, text);
        if (builder.Length > 0)
        {
            var sink = entry.LogLevel >= _options.CurrentValue.LogToStandardErrorThreshold ? _error.Value : _output;
            var chunks = builder.GetChunks().GetEnumerator();
            sink.Add(chunks.MoveNext() && chunks.Current.Length == builder.Length ? chunks.Current.Span : builder.ToString());
            builder.Clear();
        }
    }

    public void Dispose()
    {
        _output.Dispose();
        if (_error.IsValueCreated)
        {
            _error.Value.Dispose();
        }
    }
}
