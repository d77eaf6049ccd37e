namespace Relay.Frontend.Upstreams;

/// <summary>The default upstream, from the two variables that OpenAI's own SDKs read.</summary>
internal sealed class UpstreamOptions
{
    /// <summary>The upstream's API key (<c>OPENAI_API_KEY</c>), or null.</summary>
    [ConfigurationKeyName("OPENAI_API_KEY")]
    public string? ApiKey { get; set; }

    /// <summary>The upstream's address with its <c>/v1</c> (<c>OPENAI_BASE_URL</c>); by default OpenAI's. An address without a key is an upstream that needs none.</summary>
    [ConfigurationKeyName("OPENAI_BASE_URL")]
    public string? BaseUrl { get; set; }

    /// <summary>Whether there is an upstream at all; else Relay serves its simulated model.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(ApiKey) || !string.IsNullOrWhiteSpace(BaseUrl);
}
