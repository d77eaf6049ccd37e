using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Relay.Health;

namespace Relay.Frontend.Tests.Health;

public sealed class ReadinessTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IHost _host = null!;
    private Func<HealthCheckResult> _result = () => HealthCheckResult.Healthy();
    private int _looks;

    public Task InitializeAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddReadiness().AddAsyncCheck("thing", async () =>
        {
            Interlocked.Increment(ref _looks);
            await _gate.Task;
            return _result();
        });
        _host = builder.Build();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        _host.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Find_ByManyAtOnceAndSoonAfter_LooksOnce()
    {
        var all = Enumerable.Range(0, 100).Select(_ => Find()).ToList();
        _time.Advance(TimeSpan.FromMinutes(1));
        all.Add(Find());
        _gate.SetResult();
        await Task.WhenAll(all);

        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task Find_ASecondLater_LooksAgain()
    {
        _gate.SetResult();
        await Find();
        _time.Advance(TimeSpan.FromSeconds(0.9));
        await Find();
        Assert.Equal(1, _looks);

        _time.Advance(TimeSpan.FromSeconds(0.1));
        _result = () => HealthCheckResult.Unhealthy("It is broken.");
        var body = await Find();

        Assert.Equal(2, _looks);
        Assert.Equal("unready", body.Status);
        Assert.Equal(new CheckBody("failing", "It is broken."), body.Checks!["thing"]);
    }

    [Fact]
    public async Task Find_ACheckThrows_ShowsNothingOfWhatItThrew()
    {
        _gate.SetResult();
        _result = () => throw new InvalidOperationException("Host=db;Password=secret");

        var body = await Find();

        Assert.Equal(new CheckBody("failing", "The check itself failed."), body.Checks!["thing"]);
    }

    [Fact]
    public async Task Find_BeforeTheStartHasEnded_IsUnreadyAndSaysWhatElseFails()
    {
        _gate.SetResult();
        _result = () => HealthCheckResult.Unhealthy("It is broken.");
        var starting = await Find();
        await _host.StartAsync();
        _result = () => HealthCheckResult.Healthy();
        _time.Advance(TimeSpan.FromSeconds(1));
        var started = await Find();

        Assert.Equal("unready", starting.Status);
        Assert.Equal(["thing", Readiness.StartupCheck], starting.Checks!.Keys);
        Assert.Equal("It is broken.", starting.Checks["thing"].Reason);
        Assert.Equal(("ready", "thing"), (started.Status, Assert.Single(started.Checks!).Key));
    }

    [Fact]
    public async Task Find_OnceToldToStop_IsUnreadyWithoutALook()
    {
        _host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        var body = await Find();

        Assert.Equal("unready", body.Status);
        Assert.Equal("shutdown", Assert.Single(body.Checks!).Key);
        Assert.Equal(0, _looks);
    }

    private Task<HealthBody> Find() => _host.Services.GetRequiredService<Readiness>().FindAsync();
}
