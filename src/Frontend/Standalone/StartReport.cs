using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Upstreams;
using Relay.Grains.Directory;
using Relay.Grains.Keys;

namespace Relay.Frontend.Standalone;

/// <summary>Makes the first API key, and tells whoever started Relay how to use it. Secrets are shown at the first start only.</summary>
internal sealed class StartReport(
    IGrainFactory grains,
    TimeProvider time,
    IServer server,
    Upstream upstream,
    Microsoft.Extensions.Options.IOptions<UpstreamOptions> upstreamOptions,
    AdminKeyOrigin adminKey,
    IConfiguration configuration)
{
    public async Task WriteAsync(TextWriter output)
    {
        // Kept only now that all has started: a key that a failed start had kept would never be shown.
        if (adminKey.IsNew)
        {
            AdminKeyFile.Write(adminKey.Place, adminKey.Secret);
        }

        var apiKey = await CreateFirstKeyAsync();
        var addresses = server.Features.Get<IServerAddressesFeature>()!.Addresses;
        await output.WriteLineAsync(adminKey.IsNew ? $"Admin key: {adminKey.Secret}" : $"The admin key is kept in {adminKey.Place}.");
        if (apiKey is not null)
        {
            await output.WriteLineAsync($"API key: {apiKey}");
        }

        foreach (var address in addresses)
        {
            await output.WriteLineAsync($"Listening on: {address}");
        }

        await output.WriteLineAsync();
        await WriteUpstreamAsync(output);
        if (addresses.FirstOrDefault() is { } first)
        {
            var model = upstreamOptions.Value.IsConfigured ? "gpt-4o-mini" : "relay-echo";
            await output.WriteLineAsync(apiKey is null ? "Try it, with one of your API keys in RELAY_API_KEY:" : "Try it:");
            await output.WriteLineAsync(
                $"curl {Reachable(first)}/v1/chat/completions -H \"Authorization: Bearer {apiKey ?? "$RELAY_API_KEY"}\" -H \"Content-Type: application/json\" "
                + $"-d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello from Relay\"}}]}}'");
        }

        await output.FlushAsync();
    }

    private Task WriteUpstreamAsync(TextWriter output) => output.WriteLineAsync(
        upstreamOptions.Value.IsConfigured
            ? $"Relaying to {upstream.BaseUrl}."
            : "NO UPSTREAM IS CONFIGURED: Relay serves the simulated model relay-echo, which repeats what it is told." + Environment.NewLine
              + "Set OPENAI_API_KEY (and OPENAI_BASE_URL), in the environment or in a .env file here, to relay to a real one.");

    /// <summary>The first key's text; null when there are keys already.</summary>
    private async Task<string?> CreateFirstKeyAsync()
    {
        // Of several frontends that start at once each would make one.
        if (StandaloneExtensions.IsFrontendOnly(configuration) || (await grains.GetGrain<IDirectoryGrain>(0).ListKeysAsync(after: null, limit: 1)).Length > 0)
        {
            return null;
        }

        var settings = NewKey.Make(new CreateKeyBody { Name = "first key", User = "admin" }, time.GetUtcNow(), out var text);
        await grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(settings.Id)).CreateAsync(settings);
        return text;
    }

    /// <summary>An address to call: a server that listens on all addresses is reached on the loopback one.</summary>
    private static string Reachable(string address) => address
        .Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal)
        .Replace("//[::]", "//127.0.0.1", StringComparison.Ordinal)
        .Replace("//*", "//127.0.0.1", StringComparison.Ordinal)
        .Replace("//+", "//127.0.0.1", StringComparison.Ordinal);
}
