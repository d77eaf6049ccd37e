using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Relay.Health;

/// <summary>
/// Knows whether this process should be given work. Anyone may ask, so that what is asked of the database does not grow with the
/// askers: one look at a time, and it stands for a second.
/// </summary>
internal sealed partial class Readiness(
    HealthCheckService checks, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Readiness> logger)
{
    /// <summary>The name of the check that fails until the process has started. Load balancers look for it.</summary>
    public const string StartupCheck = "startup";

    /// <summary>The name of the check that fails once the process is told to stop. Load balancers look for it.</summary>
    public const string ShutdownCheck = "shutdown";

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task<HealthBody>? _last;
    private long _lastAt;
    private string? _failing;

    /// <summary>What there is to say. Before the host has started, and from the order to stop on, the process is not ready; then nothing is looked at any more.</summary>
    public Task<HealthBody> FindAsync()
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return Task.FromResult(new HealthBody("unready", new Dictionary<string, CheckBody>(StringComparer.Ordinal)
            {
                [ShutdownCheck] = new("failing", "This process is shutting down."),
            }));
        }

        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_lastAt) >= Fresh))
            {
                _lastAt = time.GetTimestamp();
                _last = CheckAsync();
            }

            return _last;
        }
    }

    private async Task<HealthBody> CheckAsync()
    {
        // Not the asker's token: others wait for the same look.
        var report = await checks.CheckHealthAsync(CancellationToken.None);
        var found = report.Entries.ToDictionary(entry => entry.Key, entry => Describe(entry.Value), StringComparer.Ordinal);
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
        {
            // What it waits for says so in the log itself, again and again.
            found[StartupCheck] = new CheckBody("failing", "This process is still starting.");
            return new HealthBody("unready", found);
        }

        Log(report, string.Join(", ", found.Where(check => check.Value.Reason is not null).Select(check => check.Key)));
        return new HealthBody(report.Status == HealthStatus.Unhealthy ? "unready" : "ready", found);
    }

    // What a check throws may name hosts and users, and the framework takes its message for a description.
    private static CheckBody Describe(HealthReportEntry entry) => entry.Status != HealthStatus.Unhealthy
        ? new CheckBody("ok", Reason: null)
        : new CheckBody("failing", string.Equals(entry.Description, entry.Exception?.Message, StringComparison.Ordinal) ? "The check itself failed." : entry.Description);

    private void Log(HealthReport report, string failing)
    {
        if (string.Equals(failing, _failing ?? "", StringComparison.Ordinal))
        {
            return;
        }

        _failing = failing;
        if (failing.Length == 0)
        {
            LogReady();
        }
        else
        {
            LogUnready(failing, report.Entries.Values.Select(entry => entry.Exception).FirstOrDefault(exception => exception is not null));
        }
    }

    [LoggerMessage(LogLevel.Warning, "Not ready: {Failing}.")]
    private partial void LogUnready(string failing, Exception? exception);

    [LoggerMessage(LogLevel.Information, "Ready again.")]
    private partial void LogReady();
}
