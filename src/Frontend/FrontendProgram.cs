using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Relay.Frontend.Configuration;
using Relay.Frontend.Standalone;
using Relay.Silo.Storage;

namespace Relay.Frontend;

/// <summary>Runs Relay as a program: starts it, says how to use it, and turns what prevents a start into one clear line and an exit code.</summary>
internal static class FrontendProgram
{
    private const int Failed = 1;
    private const int BadSetting = 2;

    /// <summary>Runs until it is told to stop.</summary>
    /// <returns>0 after an orderly stop, 2 for a bad setting, 1 for any other failure to start.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            var builder = FrontendApplication.CreateBuilder(args);
            using var directory = DataDirectory.Open(FrontendApplication.DataDirectoryOf(builder.Configuration));
            await using var app = FrontendApplication.Build(builder, directory);
            await StartAsync(app);
            await app.Services.GetRequiredService<StartReport>().WriteAsync(Console.Out);
            await app.WaitForShutdownAsync(CancellationToken.None);
            return 0;
        }
        catch (SettingsException e)
        {
            foreach (var fault in e.Faults)
            {
                await Console.Error.WriteLineAsync($"Bad setting: {fault}");
            }

            return BadSetting;
        }
        catch (InvalidDataException e)
        {
            // A settings file that is no JSON: the message names it.
            await Console.Error.WriteLineAsync($"Bad setting: {Line(e)}");
            return BadSetting;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"Relay could not start: {Reason(e)}");
            return Failed;
        }
    }

    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync(CancellationToken.None);
        }
        catch
        {
            try
            {
                // When the silo has started before the server failed, it must be told to stop, or it complains.
                await app.StopAsync(CancellationToken.None);
            }
            catch (InvalidOperationException)
            {
                // It had not started; what counts is why.
            }

            throw;
        }
    }

    private static string Reason(Exception e) => e switch
    {
        IOException { InnerException: AddressInUseException } =>
            $"{Line(e)} Stop the program that uses it, or choose another address with --urls.",
        SocketException => $"the address cannot be listened on: {Line(e)}",
        _ => Line(e),
    };

    private static string Line(Exception e) => e.Message.ReplaceLineEndings(" ");
}
