using Microsoft.Extensions.Options;
using Relay.Grains.Admission;
using Relay.Grains.Ownership;

namespace Relay.Frontend.Admission;

/// <summary>Tells the grains every few seconds which calls are not settled yet, and how far they are: one message a key, one timer for all. Sends releases again that were lost.</summary>
internal sealed partial class HoldRenewer(
    AdmissionClient admission,
    Releases releases,
    TimeProvider time,
    IOptions<OwnershipOptions> options,
    ILogger<HoldRenewer> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Twice in the time that a new owner waits for them.
        using var timer = new PeriodicTimer(options.Value.Renewal / 2, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Not awaited: what was sent to a silo that has died must not hold up what its successors are told.
            _ = releases.SendAllAsync(LogNotReleased);
            _ = Task.WhenAll(admission.Unsettled.Select(RenewAsync));
        }
    }

    private async Task RenewAsync(IGrouping<string, HoldRenewal> calls)
    {
        try
        {
            await admission.RenewAsync(calls);
        }
        catch (Exception e)
        {
            // The next tick tries again; a hold outlives many missed ticks.
            LogNotRenewed(calls.Key, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Holds of {KeyId} could not be released; it is tried again.")]
    private partial void LogNotReleased(string keyId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The holds of {KeyId} could not be renewed.")]
    private partial void LogNotRenewed(string keyId, Exception exception);
}
