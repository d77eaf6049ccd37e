using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Shutdown;

/// <summary>
/// Stops Relay without loss, before the server and the silo are stopped:
/// (1) wait, still taking calls, until load balancers have seen that this process is not ready, (2) refuse new calls and let the
/// running ones come to their ends, (3) cut those that take too long, and wait until they are counted.
/// </summary>
internal sealed partial class OrderlyStop(
    RunningCalls calls,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    IOptions<ShutdownOptions> shutdown,
    IOptions<ForwardingOptions> forwarding,
    IOptions<AdmissionOptions> admission,
    ILogger<OrderlyStop> logger) : IHostedLifecycleService
{
    // For the answers' last bytes, and then for the server and the silo.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>The longest that the whole of a stop may take. Whoever started the process must not kill it sooner.</summary>
    public static TimeSpan TimeMax(ShutdownOptions shutdown, ForwardingOptions forwarding, AdmissionOptions admission) =>
        TimeSpan.FromSeconds(shutdown.DelaySeconds + shutdown.StreamSeconds) + CutTimeMax(forwarding, admission) + Margin;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested)
        {
            // A start that failed: there was never a call.
            return;
        }

        try
        {
            // 1. Wait. Whoever stops the host by code has not told anyone yet; a signal has.
            lifetime.StopApplication();
            LogStopping(shutdown.Value.DelaySeconds);
            await Task.Delay(TimeSpan.FromSeconds(shutdown.Value.DelaySeconds), time, cancellationToken);

            // 2. Let the running calls end.
            LogRunning(calls.Close(), shutdown.Value.StreamSeconds);
            if (!await HaveEndedAsync(TimeSpan.FromSeconds(shutdown.Value.StreamSeconds), cancellationToken))
            {
                // 3. Cut the rest.
                LogCut(calls.Cut());
                if (!await HaveEndedAsync(CutTimeMax(forwarding.Value, admission.Value), cancellationToken))
                {
                    LogLeft();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host has no more time: what is left is cut by the server.
            calls.Close();
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        calls.Open();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A call whose client has gone is read on to its count, and that is then settled or kept in the outbox.</summary>
    private static TimeSpan CutTimeMax(ForwardingOptions forwarding, AdmissionOptions admission) =>
        TimeSpan.FromSeconds(forwarding.Drain.Seconds + admission.SettleSeconds + 1);

    private async Task<bool> HaveEndedAsync(TimeSpan timeMax, CancellationToken cancellationToken)
    {
        try
        {
            await calls.Ended.WaitAsync(timeMax, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
