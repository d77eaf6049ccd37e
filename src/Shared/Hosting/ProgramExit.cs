using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Configuration;

namespace Relay.Hosting;

/// <summary>Turns what prevents a program's start into one clear line and an exit code.</summary>
internal static class ProgramExit
{
    private const int Failed = 1;
    private const int BadSetting = 2;

    /// <summary>Runs a program.</summary>
    /// <returns>0 after an orderly stop, 2 for a bad setting, 1 for any other failure to start.</returns>
    public static async Task<int> RunAsync(Func<Task> program)
    {
        try
        {
            await program();
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

    /// <summary>Starts a host, and stops what of it has started when the rest fails.</summary>
    /// <returns>False when it was told to stop before it had started; then it has stopped.</returns>
    public static async Task<bool> StartAsync(IHost host)
    {
        try
        {
            await host.StartAsync(CancellationToken.None);
            return true;
        }
        catch (OperationCanceledException) when (host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested)
        {
            await StopStartedAsync(host);
            return false;
        }
        catch
        {
            await StopStartedAsync(host);
            throw;
        }
    }

    private static async Task StopStartedAsync(IHost host)
    {
        try
        {
            // When the silo has started before the rest failed, it must be told to stop, or it complains.
            await host.StopAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            // It had not started; what counts is why.
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
