using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Relay.Silo.Ledger;

/// <summary>
/// Keeps the hourly sums near the ledger, and drops its old entries, for as long as the host runs. Every silo does so; what one fails
/// at, the next pass does.
/// </summary>
internal sealed partial class ReportUpkeep(
    UsageRollUps rollUps,
    UsageRetention retention,
    IOptions<ReportOptions> options,
    TimeProvider time,
    ILogger<ReportUpkeep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromSeconds(options.Value.RollUpSeconds);
        using var timer = new PeriodicTimer(pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                // Two, because another silo's pass may be a pause away, and take a while.
                await rollUps.RollUpAsync(othersBefore: time.GetUtcNow() - (2 * pause), stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogRollUpFailed(logger, exception);
            }

            try
            {
                await retention.DropAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogRetentionFailed(logger, exception);
            }
        }
    }
}
