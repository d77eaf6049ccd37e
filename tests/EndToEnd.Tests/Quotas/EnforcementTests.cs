using System.Net;
using Relay.Testing;

namespace Relay.EndToEnd.Tests.Quotas;

/// <summary>What limits do to calls: hard ones cap what the upstream may put out, and observing ones only tell.</summary>
public sealed class EnforcementTests(RelayFixture fixture) : IClassFixture<RelayFixture>
{
    [Theory]
    [InlineData("/v1/chat/completions", "", "max_completion_tokens")]
    [InlineData("/v1/chat/completions", ",\"max_tokens\":500", "max_tokens")]
    [InlineData("/v1/chat/completions", ",\"max_completion_tokens\":500,\"stream\":true", "max_completion_tokens")]
    [InlineData("/v1/responses", "", "max_output_tokens")]
    [InlineData("/v1/responses", ",\"max_output_tokens\":500,\"stream\":true", "max_output_tokens")]
    [InlineData("/v1/completions", "", "max_tokens")]
    public async Task Hard_LessLeftThanTheCallMayPutOut_LowersTheCapUpstream(string path, string more, string member)
    {
        var caller = await RelayCaller.NewAsync(fixture.Relay, fixture.Upstream, new KeyLimit("output_tokens", "day", 7, "hard"));
        var input = path switch
        {
            "/v1/responses" => "\"input\":\"one two\"",
            "/v1/completions" => "\"prompt\":\"one two\"",
            _ => "\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}]",
        };
        var model = string.Equals(path, "/v1/completions", StringComparison.Ordinal) ? "gpt-3.5-turbo-instruct" : "gpt-4o";

        using var answer = await caller.PostAsync($"{{\"model\":\"{model}\",{input}{more}}}", path);
        await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var sent = fixture.Upstream.Requests[^1].Json;
        Assert.Equal(7, sent.GetProperty(member).GetInt32());
        Assert.Single(sent.EnumerateObject(), static one => one.Name.StartsWith("max_", StringComparison.Ordinal));
        Assert.True(caller.Billed.OutputTokens <= 7);
        await Counts.AssertBilledAsync(caller, requests: 1);
    }

    [Fact]
    public async Task Hard_SeveralChoices_ShareWhatIsLeft()
    {
        var caller = await RelayCaller.NewAsync(fixture.Relay, fixture.Upstream, new KeyLimit("output_tokens", "total", 10, "hard"));

        await caller.AskAsync(RelayCaller.Chat("\"n\":3,\"max_tokens\":100"));

        Assert.Equal(3, fixture.Upstream.Requests[^1].Json.GetProperty("max_tokens").GetInt32());
        Assert.Equal(9, caller.Billed.OutputTokens);
    }

    [Fact]
    public async Task Hard_EnoughLeft_ChangesNothing()
    {
        var caller = await RelayCaller.NewAsync(fixture.Relay, fixture.Upstream, new KeyLimit("tokens", "day", 1_000, "hard"));
        var body = RelayCaller.Chat("\"max_tokens\":20");

        await caller.AskAsync(body);

        Assert.Equal(body, fixture.Upstream.Requests[^1].Text);
    }

    [Fact]
    public async Task Hard_CallsAtOnce_NeverPassTheLimit()
    {
        var caller = await RelayCaller.NewAsync(fixture.Relay, fixture.Upstream, new KeyLimit("output_tokens", "total", 25, "hard"));

        var statuses = await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
        {
            using var answer = await caller.PostAsync(RelayCaller.Chat("\"max_tokens\":4"));
            await answer.Content.ReadAsStringAsync();
            return answer.StatusCode;
        }));

        Assert.True(caller.Billed.OutputTokens <= 25);
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        await Counts.AssertBilledAsync(caller, statuses.Count(static status => status == HttpStatusCode.OK));
    }

    [Fact]
    public async Task Observe_PastTheLimit_AdmitsAndTells()
    {
        var caller = await RelayCaller.NewAsync(fixture.Relay, fixture.Upstream, new KeyLimit("requests", "day", 1, "observe"));

        for (var i = 0; i < 3; i++)
        {
            using var answer = await caller.PostAsync(RelayCaller.Chat());
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("x-ratelimit-limit-requests"));
            await answer.Content.ReadAsStringAsync();
        }

        var limit = Assert.Single((await caller.UsageAsync()).Limits);
        Assert.Equal((3, 0, 2), (limit.GetProperty("used").GetInt32(), limit.GetProperty("remaining").GetInt32(), limit.GetProperty("would_refuse").GetInt32()));
        Assert.Equal(
            2,
            fixture.Relay.Logs.All.Count(line => string.Equals(line["KeyId"], caller.Key.Id, StringComparison.Ordinal) && line.Text.Contains("would have been refused", StringComparison.Ordinal)));
        var key = (await fixture.Relay.GetAsync($"keys/{caller.Key.Id}")).GetProperty("limits")[0];
        Assert.Equal("observe", key.GetProperty("enforcement").GetString());
    }
}
