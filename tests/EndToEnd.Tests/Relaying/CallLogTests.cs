using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Relaying;

/// <summary>Each call leaves one line that says what it was, and no line tells a secret.</summary>
public sealed class CallLogTests
{
    private const string Prompt = "nobody-may-read-this-prompt";

    [Fact]
    public async Task Call_OfAnyOutcome_LeavesOneLineWithItsFields()
    {
        await using var upstream = await FakeUpstream.StartAsync();
        await using var relay = await RelayApplication.StartAsync(upstream.BaseUrl);
        var caller = await RelayCaller.NewAsync(relay, upstream);
        var refused = await RelayCaller.NewAsync(relay, upstream, new KeyLimit("requests", "day", 0));

        await caller.AskAsync(RelayCaller.Chat("\"stream\":true", model: "o3-mini"), "/chat/completions");
        await refused.AskAsync(RelayCaller.Chat());

        var line = await caller.CallLineAsync();
        Assert.Matches("^req_[0-9a-f]{32}$", line["RequestId"]);
        Assert.Equal(
            (caller.Key.User, "o3-mini", "/v1/chat/completions", "200", "completed", "in=4 cached=1 audio_in=0 out=10 reasoning=2 audio_out=0 cache_write=0", "reported"),
            (line["User"], line["Model"], line["Endpoint"], line["Status"], line["Outcome"], line["Tokens"], line["Source"]));
        Assert.True(long.Parse(line["DurationMs"]!, System.Globalization.CultureInfo.InvariantCulture) >= 0);
        var refusal = await refused.CallLineAsync();
        Assert.Equal(
            (refused.Key.User, "429", "refused", "in=0 cached=0 audio_in=0 out=0 reasoning=0 audio_out=0 cache_write=0"),
            (refusal["User"], refusal["Status"], refusal["Outcome"], refusal["Tokens"]));
        Assert.Equal(2, relay.Logs.All.Count(logged => logged["Outcome"] is not null));
        Assert.DoesNotContain('\n', line.Text);
    }

    [Fact]
    public async Task Logs_OfAWholeRun_TellNoSecret()
    {
        var upstream = await FakeUpstream.StartAsync();
        var relay = await RelayApplication.StartAsync(upstream.BaseUrl, RelaySetup.With(
            ("Logging:LogLevel:Default", "Debug"), ("Logging:LogLevel:Relay", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel", "Debug")));
        var caller = await RelayCaller.NewAsync(relay, upstream);
        var chat = $$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{Prompt}}"}],"stream":true}""";

        await caller.AskAsync(chat);
        await caller.AskAsync(chat[..^1]);
        upstream.Next(new UpstreamScript().Tokens(1));
        using (var client = await RawClient.PostAsync(relay, caller.Key, chat))
        {
            await client.ReadToEndAsync();
        }

        upstream.Next(UpstreamScript.Error(401, "invalid_request_error", "invalid_api_key", $"Incorrect API key provided: {RelayApplication.UpstreamKey}."));
        await caller.AskAsync(chat);
        await upstream.DisposeAsync();
        await caller.AskAsync(chat);
        await relay.RevokeAsync(caller.Key);
        await caller.AskAsync(chat);
        await relay.DisposeAsync();

        Assert.Equal(6, relay.Logs.All.Count(line => line["Outcome"] is not null));
        foreach (var secret in new[] { caller.Key.Text, caller.Key.Secret, RelayApplication.AdminKey, RelayApplication.UpstreamKey, Prompt })
        {
            Assert.Empty(relay.Logs.All.Where(line => line.Text.Contains(secret, StringComparison.Ordinal)).Select(line => line.Category));
        }
    }
}
