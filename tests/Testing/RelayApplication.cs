using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.TestingHost;
using Relay.Frontend;
using Relay.Grains.Keys;
using Relay.Silo.Storage;

namespace Relay.Testing;

/// <summary>
/// The whole of Relay in this process, on a real socket and a folder of its own that goes away with it. Its settings are the
/// program's own and the test's, and nothing of the machine's environment or working directory.
/// </summary>
public sealed class RelayApplication : IAsyncDisposable
{
    /// <summary>The admin key.</summary>
    public const string AdminKey = "admin-key-that-only-this-test-knows";

    /// <summary>The key that Relay sends to its upstream.</summary>
    public const string UpstreamKey = "sk-upstream-that-only-relay-knows";

    private readonly WebApplication _app;
    private readonly DataDirectory _directory;
    private readonly bool _keepsData;
    private readonly HttpClient _admin;
    private Task? _stopped;
    private int _users;

    private RelayApplication(WebApplication app, DataDirectory directory, bool keepsData, LogLines logs)
    {
        _app = app;
        _directory = directory;
        _keepsData = keepsData;
        Logs = logs;
        Addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address))];
        BaseUrl = Addresses[0];
        _admin = new HttpClient { BaseAddress = new Uri(BaseUrl, "/admin/api/") };
        _admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
    }

    /// <summary>The address, without <c>/v1</c>.</summary>
    public Uri BaseUrl { get; }

    /// <summary>All addresses, in the order of the settings.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>What Relay has logged.</summary>
    public LogLines Logs { get; }

    /// <summary>Starts Relay before an upstream, whose address ends in <c>/v1</c>.</summary>
    public static async Task<RelayApplication> StartAsync(Uri upstream, RelaySetup? setup = null)
    {
        setup ??= new RelaySetup();
        var logs = new LogLines();
        var builder = FrontendApplication.CreateBuilder([]);
        Configure(builder.Configuration, upstream, setup);
        builder.Logging.ClearProviders().AddProvider(logs);

        // Runs after the application has added its own, so that these are taken.
        builder.Host.ConfigureContainer<IServiceCollection>((_, services) => Replace(services, setup));

        var keepsData = setup.DataDirectory is not null;
        var directory = DataDirectory.Open(setup.DataDirectory ?? Directory.CreateTempSubdirectory("relay-tests-").FullName);
        try
        {
            var app = FrontendApplication.Build(builder, directory);
            await app.StartAsync(CancellationToken.None);
            return new RelayApplication(app, directory, keepsData, logs);
        }
        catch
        {
            Close(directory, keepsData);
            throw;
        }
    }

    /// <summary>Makes a key for a new user.</summary>
    public Task<RelayKey> CreateKeyAsync(params KeyLimit[] limits) => CreateKeyAsync([], limits);

    /// <summary>Makes a key for a new user that may call only models of these patterns.</summary>
    public async Task<RelayKey> CreateKeyAsync(IReadOnlyList<string> models, params KeyLimit[] limits)
    {
        var user = $"user-{Interlocked.Increment(ref _users)}";
        using var response = await _admin.PostAsJsonAsync(
            "keys",
            new { user, models, limits = limits.Select(limit => new { metric = limit.Metric, window = limit.Window, amount = limit.Amount, enforcement = limit.Enforcement }) },
            CancellationToken.None);
        var body = await ReadAsync(response);
        return new RelayKey(body.GetProperty("id").GetString()!, user, body.GetProperty("key").GetString()!);
    }

    /// <summary>Revokes a key.</summary>
    public async Task RevokeAsync(RelayKey key)
    {
        using var response = await _admin.DeleteAsync(new Uri($"keys/{key.Id}", UriKind.Relative), CancellationToken.None);
        await ReadAsync(response);
    }

    /// <summary>What a key has used.</summary>
    public async Task<RelayUsage> UsageOfKeyAsync(RelayKey key) => RelayUsage.Read(await GetAsync($"keys/{key.Id}/usage"));

    /// <summary>What a key's user has used, which the ledger knows, not the grain.</summary>
    public async Task<RelayUsage> UsageOfUserAsync(RelayKey key) => RelayUsage.Read(await GetAsync($"users/{key.User}/usage"));

    /// <summary>Reads an answer of the admin API, by its path after <c>/admin/api/</c>.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _admin.GetAsync(new Uri(path, UriKind.Relative), CancellationToken.None);
        return await ReadAsync(response);
    }

    /// <summary>Posts a body to the admin API.</summary>
    public async Task<JsonElement> PostAsync(string path, object? body = null)
    {
        using var response = await _admin.PostAsJsonAsync(path, body ?? new { }, CancellationToken.None);
        return await ReadAsync(response);
    }

    /// <summary>What waits in the outbox, and what was set aside.</summary>
    public async Task<(int Waiting, int SetAside)> OutboxAsync()
    {
        var outbox = await GetAsync("outbox");
        return (outbox.GetProperty("waiting").GetInt32(), outbox.GetProperty("set_aside").GetInt32());
    }

    /// <summary>Tells Relay to stop; ends when it has.</summary>
    public Task StopAsync() => _stopped ??= _app.StopAsync(CancellationToken.None);

    /// <summary>Stops Relay and deletes its data, unless the test brought the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await StopAsync();
        await _app.DisposeAsync();
        Close(_directory, _keepsData);
    }

    private static void Close(DataDirectory directory, bool keepsData)
    {
        directory.Dispose();
        if (!keepsData)
        {
            Directory.Delete(directory.FullPath, recursive: true);
        }
    }

    private static void Configure(ConfigurationManager configuration, Uri upstream, RelaySetup setup)
    {
        configuration.Sources.Clear();
        configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: false);
        configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["urls"] = "http://127.0.0.1:0",
            ["RELAY_ADMIN_KEY"] = AdminKey,
            ["OPENAI_BASE_URL"] = upstream.AbsoluteUri,
            ["OPENAI_API_KEY"] = UpstreamKey,
        });
        configuration.AddInMemoryCollection(setup.Settings);
    }

    private static void Replace(IServiceCollection services, RelaySetup setup)
    {
        if (setup.Time is { } time)
        {
            services.AddSingleton<TimeProvider>(time);
            services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
        }

        if (setup.Ledger is { } ledger)
        {
            services.AddSingleton(ledger);
        }

        if (setup.GrainCalls is { } filter)
        {
            services.AddSingleton(filter);

            // As where the grain is on another silo: else most calls ask it without a message that could pass the filter.
            services.RemoveAll<ILocalKeys>();
        }
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonElement.Parse(text)
            : throw new InvalidOperationException($"The admin API answered {(int)response.StatusCode}: {text}");
    }
}
