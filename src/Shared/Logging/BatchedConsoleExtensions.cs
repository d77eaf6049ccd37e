using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Relay.Logging;

/// <summary>Puts <see cref="BatchedConsole"/> in the place of .NET's console logger.</summary>
internal static class BatchedConsoleExtensions
{
    public static void BatchConsole(this ILoggingBuilder logging)
    {
        // Windows' consoles need what .NET's own does about colors.
        var plain = logging.Services.FirstOrDefault(static service => service.ImplementationType == typeof(ConsoleLoggerProvider));
        if (plain is not null && !OperatingSystem.IsWindows())
        {
            logging.Services.Remove(plain);
            logging.Services.AddSingleton<ILoggerProvider, BatchedConsole>();
        }
    }
}
