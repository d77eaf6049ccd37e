using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Silo.Warnings;

namespace Relay.Silo.Tests.Warnings;

public sealed class LimitWarningsTests : IAsyncLifetime
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly Channel<string> _posted = Channel.CreateUnbounded<string>();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private WebApplication _hook = null!;
    private int _failures;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        _hook = builder.Build();
        _hook.MapPost("/hook", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            await _posted.Writer.WriteAsync(await reader.ReadToEndAsync(request.HttpContext.RequestAborted), request.HttpContext.RequestAborted);
            return Interlocked.Decrement(ref _failures) >= 0 ? Results.StatusCode(500) : Results.Ok();
        });
        await _hook.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _hook.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Tell_WebhookThatFailsAtFirst_IsPostedAgain()
    {
        const string Body =
            """{"object":"limit.warning","level":"team","id":"growth","metric":"cost","window":"month","model":null,"enforcement":"soft","amount":500,"used":400.25,"percent":80,"resets_at":1775001600,"created_at":1772625600}""";
        _failures = 1;
        using var warnings = Create(new WarningOptions { WebhookUrl = new Uri(new Uri(_hook.Urls.First()), "/hook").ToString() }, TimeProvider.System);
        await warnings.StartAsync(default);

        warnings.Tell(Warning(80));

        var (first, second) = (await NextAsync(), await NextAsync());
        Assert.Equal(first[..first.IndexOf("\"created_at\"", StringComparison.Ordinal)], Body[..Body.IndexOf("\"created_at\"", StringComparison.Ordinal)]);
        Assert.Equal(first[..first.IndexOf("\"created_at\"", StringComparison.Ordinal)], second[..second.IndexOf("\"created_at\"", StringComparison.Ordinal)]);
        await warnings.StopAsync(default);
    }

    [Fact]
    public void Tell_WithoutAWebhook_IsCountedByTheMetric()
    {
        var told = new List<object?>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is "relay.limit.warnings" && ReferenceEquals(instrument.Meter.Scope, _services.GetRequiredService<IMeterFactory>()))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => told.AddRange(tags.ToArray().Select(static tag => tag.Value)));
        listener.Start();
        using var warnings = Create(new WarningOptions(), new FakeTimeProvider(Now));

        warnings.Tell(Warning(100));

        Assert.Equal(["team", "cost", "month", 100], told);
        Assert.Equal([80, 100], warnings.Shares);
    }

    [Theory]
    [InlineData("ftp://hooks.example.com/secret")]
    [InlineData("secret")]
    public void Validate_UrlThatIsNone_IsAFaultThatDoesNotShowIt(string url)
    {
        var result = new WebhookValidator().Validate(null, new WarningOptions { WebhookUrl = url });

        Assert.DoesNotContain("secret", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void Validate_ShareThatIsNone_IsAFault(int share) =>
        Assert.True(new WebhookValidator().Validate(null, new WarningOptions { Shares = [50, share] }).Failed);

    private static LimitWarning Warning(int percent) => new(
        Level.Team, "growth", new Limit(Metric.Cost, Window.Month, 500_000_000_000), percent, 400_250_000_000, new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));

    private async Task<string> NextAsync() => await _posted.Reader.ReadAsync(CancellationToken.None).AsTask().WaitAsync(WaitMax, CancellationToken.None);

    private LimitWarnings Create(WarningOptions options, TimeProvider time) =>
        new(Options.Create(options), _services.GetRequiredService<IMeterFactory>(), time, NullLogger<LimitWarnings>.Instance);
}
