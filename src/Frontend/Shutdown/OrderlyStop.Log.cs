namespace Relay.Frontend.Shutdown;

internal sealed partial class OrderlyStop
{
    [LoggerMessage(LogLevel.Information, "Stopping. New calls are taken for {DelaySeconds} s more, and refused then.")]
    private partial void LogStopping(double delaySeconds);

    [LoggerMessage(LogLevel.Information, "{Running} calls run on, for at most {StreamSeconds} s.")]
    private partial void LogRunning(int running, double streamSeconds);

    [LoggerMessage(LogLevel.Warning, "{Running} calls were still running and are cut. What they used is counted.")]
    private partial void LogCut(int running);

    [LoggerMessage(LogLevel.Error, "Calls that were cut have not ended in time. Some may be counted only as far as their holds were renewed.")]
    private partial void LogLeft();
}
