using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Relay.Configuration;
using Relay.Hosting;

namespace Relay.Frontend.Tests.Hosting;

public sealed class ProgramExitTests
{
    private static readonly Func<CancellationToken, Task> Nothing = static _ => Task.CompletedTask;

    [Fact]
    public async Task Run_StopsInOrder_SaysNothingAndIs0() => Assert.Equal((0, ""), await RunAsync(start: Nothing, stop: Nothing));

    [Fact]
    public async Task Run_StartFails_SaysThatItCouldNotStart() => Assert.Equal(
        (1, "Relay could not start: No disk. At all.\n"), await RunAsync(start: static _ => throw new IOException("No disk.\nAt all."), stop: Nothing));

    [Fact]
    public async Task Run_SettingIsBad_NamesEachFault() => Assert.Equal(
        (2, "Bad setting: one\nBad setting: two\n"), await RunAsync(start: static _ => throw new SettingsException(["one", "two"]), stop: Nothing));

    [Fact]
    public async Task Run_StopFailsAfterTheStart_SaysThatItDidNotStopInOrder() => Assert.Equal(
        (1, "Relay did not stop in order: No disk.\n"), await RunAsync(start: Nothing, stop: static _ => throw new InvalidDataException("No disk.")));

    [Fact]
    public async Task Run_StopTakesTooLong_SaysHowLongItMayTake() => Assert.Equal(
        (1, "Relay did not stop in order: it was broken off, as it may take 0.05 s and no longer.\n"),
        await RunAsync(start: Nothing, stop: static cancellationToken => Task.Delay(Timeout.Infinite, cancellationToken)));

    /// <summary>Runs a program whose host has one service, and tells it to stop as soon as it has started.</summary>
    private static async Task<(int ExitCode, string Errors)> RunAsync(Func<CancellationToken, Task> start, Func<CancellationToken, Task> stop)
    {
        await using var errors = new StringWriter { NewLine = "\n" };
        var exitCode = await ProgramExit.RunAsync(errors, async exit =>
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(50));
            builder.Services.AddHostedService(_ => new Service(start, stop));
            using var host = builder.Build();
            if (await exit.StartAsync(host))
            {
                host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
                await host.WaitForShutdownAsync();
            }
        });
        return (exitCode, errors.ToString());
    }

    private sealed class Service(Func<CancellationToken, Task> start, Func<CancellationToken, Task> stop) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => start(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => stop(cancellationToken);
    }
}
