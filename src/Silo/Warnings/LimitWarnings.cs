using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Relay.Grains.Allotments;

namespace Relay.Silo.Warnings;

/// <summary>Tells of limits that run out, in the log, by a metric and to a webhook. What the webhook does not take in time is told in the log once more, and not posted again.</summary>
internal sealed partial class LimitWarnings : BackgroundService, ILimitWarnings
{
    private const int QueueMax = 1_000;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Channel<LimitWarning> _queue = Channel.CreateBounded<LimitWarning>(QueueMax);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Counter<long> _told;
    private readonly WarningOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LimitWarnings> _logger;
    private readonly ResiliencePipeline _retry;

    public LimitWarnings(IOptions<WarningOptions> options, IMeterFactory meters, TimeProvider time, ILogger<LimitWarnings> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        _told = meters.Create("Relay").CreateCounter<long>("relay.limit.warnings", "{warning}", "Limits of which a share was used up.");
        Shares = _options.Shares.Count == 0 ? [80, 100] : [.. _options.Shares.Distinct().Order()];
        _http.Timeout = Timeout.InfiniteTimeSpan;
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(TimeSpan.FromSeconds(_options.WebhookSeconds))
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>().Handle<IOException>(),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(500),
                MaxDelay = TimeSpan.FromSeconds(15),
                UseJitter = true,
            })
            .Build();
    }

    /// <inheritdoc />
    public IReadOnlyList<int> Shares { get; }

    /// <inheritdoc />
    public void Tell(LimitWarning warning)
    {
        var body = WarningBody.Of(warning, _time.GetUtcNow());
        LogWarning(body.Percent, body.Amount, body.Metric, body.Window, body.Model, body.Level, body.Id, body.Used);
        _told.Add(
            1,
            new KeyValuePair<string, object?>("level", body.Level),
            new KeyValuePair<string, object?>("metric", body.Metric),
            new KeyValuePair<string, object?>("window", body.Window),
            new KeyValuePair<string, object?>("percent", body.Percent));
        if (!string.IsNullOrEmpty(_options.WebhookUrl) && !_queue.Writer.TryWrite(warning))
        {
            LogNotPosted(null, body.Percent, body.Level, body.Id);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var warning in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await _retry.ExecuteAsync(async token => await PostAsync(warning, token), stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotPosted(exception, warning.Percent, warning.Level.ToString(), warning.OwnerId);
            }
        }
    }

    private async Task PostAsync(LimitWarning warning, CancellationToken cancellationToken)
    {
        using var response = await _http.PostAsJsonAsync(_options.WebhookUrl, WarningBody.Of(warning, _time.GetUtcNow()), Json, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    [LoggerMessage(LogLevel.Warning, "{Percent} % of the limit of {Amount} {Metric} per {Window} (models {Model}) of {Level} {Id} are used up: {Used}.")]
    private partial void LogWarning(int percent, decimal amount, string metric, string window, string? model, string level, string id, decimal used);

    [LoggerMessage(LogLevel.Error, "The webhook did not take the warning that {Percent} % of a limit of {Level} {Id} are used up.")]
    private partial void LogNotPosted(Exception? exception, int percent, string level, string id);
}
