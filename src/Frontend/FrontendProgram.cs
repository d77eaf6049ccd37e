using Relay.Frontend.Standalone;
using Relay.Hosting;
using Relay.Silo.Storage;

namespace Relay.Frontend;

/// <summary>Runs Relay as a program: starts it and says how to use it.</summary>
internal static class FrontendProgram
{
    /// <summary>Runs until it is told to stop; see <see cref="ProgramExit.RunAsync"/>.</summary>
    public static Task<int> RunAsync(string[] args) => ProgramExit.RunAsync(Console.Error, async exit =>
    {
        var builder = FrontendApplication.CreateBuilder(args);
        BatchScheduling.UseIfAlone(builder.Configuration);
        InlineSockets.UseIfAlone(builder.Configuration);
        using var directory = DataDirectory.Open(FrontendApplication.DataDirectoryOf(builder.Configuration));
        await using var app = FrontendApplication.Build(builder, directory);
        if (!await exit.StartAsync(app))
        {
            return;
        }

        await app.Services.GetRequiredService<StartReport>().WriteAsync(Console.Out);
        await app.WaitForShutdownAsync(CancellationToken.None);
    });
}
