using Microsoft.Extensions.Logging;

namespace Relay.Silo.Models;

internal sealed partial class PriceUpkeep
{
    [LoggerMessage(LogLevel.Information, "Calls are priced by {File} from now on, and by Relay's own prices where it says nothing.")]
    private static partial void LogTaken(ILogger logger, string file);

    [LoggerMessage(LogLevel.Error, "The prices of {File} cannot be taken, and those before them stay: {Faults}")]
    private static partial void LogFaults(ILogger logger, string file, string faults);
}
