using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Relay.Configuration;

namespace Relay.Hosting;

/// <summary>Turns what prevents a program's start, or its orderly stop, into one clear line and an exit code.</summary>
internal sealed class ProgramExit
{
    private const int Failed = 1;
    private const int BadSetting = 2;

    private TimeSpan? _stopTime;

    private ProgramExit()
    {
    }

    /// <summary>Runs a program, which starts its host by <see cref="StartAsync"/>.</summary>
    /// <param name="errors">Where a failure is told.</param>
    /// <param name="program">The program, until it has stopped.</param>
    /// <returns>0 after an orderly stop, 2 for a bad setting, 1 for any other failure.</returns>
    public static async Task<int> RunAsync(TextWriter errors, Func<ProgramExit, Task> program)
    {
        var exit = new ProgramExit();
        try
        {
            await program(exit);
            return 0;
        }
        catch (SettingsException e)
        {
            foreach (var fault in e.Faults)
            {
                await errors.WriteLineAsync($"Bad setting: {fault}");
            }

            return BadSetting;
        }
        catch (InvalidDataException e) when (exit._stopTime is null)
        {
            // A settings file that is no JSON: the message names it.
            await errors.WriteLineAsync($"Bad setting: {Line(e)}");
            return BadSetting;
        }
        catch (Exception e) when (exit._stopTime is { } stopTime)
        {
            await errors.WriteLineAsync($"Relay did not stop in order: {StopReason(e, stopTime)}");
            return Failed;
        }
        catch (Exception e)
        {
            await errors.WriteLineAsync($"Relay could not start: {Reason(e)}");
            return Failed;
        }
    }

    /// <summary>Starts a host, and stops what of it has started when the rest fails.</summary>
    /// <returns>False when it was told to stop before it had started; then it has stopped.</returns>
    public async Task<bool> StartAsync(IHost host)
    {
        try
        {
            await host.StartAsync(CancellationToken.None);
            _stopTime = host.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
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

    /// <summary>The host tells by a cancellation that the time was over, by several when more than one of its services was not done.</summary>
    private static string StopReason(Exception e, TimeSpan stopTime)
    {
        IReadOnlyCollection<Exception> failures = e is AggregateException { InnerExceptions.Count: > 0 } several ? several.InnerExceptions : [e];
        return failures.FirstOrDefault(static failure => failure is not OperationCanceledException) is { } failure
            ? Line(failure)
            : FormattableString.Invariant($"it was broken off, as it may take {stopTime.TotalSeconds:0.###} s and no longer.");
    }

    private static string Line(Exception e) => e.Message.ReplaceLineEndings(" ");
}
