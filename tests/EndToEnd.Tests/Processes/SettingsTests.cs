using System.Net;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class SettingsTests : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private FakeUpstream _upstream = null!;
    private FakeUpstream _other = null!;

    public async Task InitializeAsync()
    {
        _upstream = await FakeUpstream.StartAsync();
        _other = await FakeUpstream.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        await _other.DisposeAsync();
        _directory.Delete();
    }

    [Fact]
    public async Task DotEnv_WithCommentsQuotesAndExport_IsRead()
    {
        await File.WriteAllTextAsync(_directory[".env"], $"""
            # The upstream.
            export OPENAI_BASE_URL="{_upstream.BaseUrl}"

            OPENAI_API_KEY='sk-upstream-secret'
            RELAY_ADMIN_KEY=admin-of-the-file
            Relay__MaxRequestBodyBytes=200
            """);
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        using var admin = await relay.ClientAsync("admin-of-the-file");
        using var client = await relay.ClientAsync(relay.Find("API key: "));
        using var answer = await Chat.CallAsync(client, "gpt-4o-mini");
        using var tooLarge = await Chat.CallAsync(client, "gpt-4o-mini", content: new string('x', 300));
        var usage = await Chat.GetAsync(admin, "users/admin/usage");
        await relay.StopAsync();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Equal(_upstream.Bill.Total.TotalTokens, usage.GetProperty("totals").GetProperty("total_tokens").GetInt64());
        Assert.Contains("Bearer sk-upstream-secret", _upstream.Requests.Single().Headers.Where(header => header.Key is "Authorization").Select(header => header.Value));
        Assert.DoesNotContain("sk-upstream-secret", relay.Output + relay.Errors, StringComparison.Ordinal);
        Assert.Contains($"Relaying to {_upstream.BaseUrl}", relay.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_AndDotEnv_EnvironmentWins()
    {
        await File.WriteAllTextAsync(_directory[".env"], $"OPENAI_BASE_URL={_upstream.BaseUrl}\n");
        await using var relay = await RelayProcess.StartAsync(
            _directory.FullPath, new Dictionary<string, string> { ["OPENAI_BASE_URL"] = _other.BaseUrl.ToString() });
        using var client = await relay.ClientAsync(relay.Find("API key: "));

        using var answer = await Chat.CallAsync(client, "gpt-4o-mini");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(_upstream.Requests);
        Assert.Single(_other.Requests);
    }

    [Fact]
    public async Task CommandLine_AndEnvironment_CommandLineWins()
    {
        await using var relay = await RelayProcess.StartAsync(
            _directory.FullPath,
            new Dictionary<string, string> { ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString(), ["Relay__DataDirectory"] = "elsewhere" },
            $"--OPENAI_BASE_URL={_other.BaseUrl}",
            "--Relay:DataDirectory=here");
        using var client = await relay.ClientAsync(relay.Find("API key: "));

        using var answer = await Chat.CallAsync(client, "gpt-4o-mini");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Empty(_upstream.Requests);
        Assert.Single(_other.Requests);
        Assert.True(File.Exists(_directory["here/relay.db"]));
        Assert.False(Directory.Exists(_directory["elsewhere"]));
    }

    [Fact]
    public async Task AppSettings_InTheWorkingDirectory_RanksBelowDotEnv()
    {
        await File.WriteAllTextAsync(_directory["appsettings.json"], """{"Relay":{"DataDirectory":"of-json","MaxRequestBodyBytes":200}}""");
        await File.WriteAllTextAsync(_directory[".env"], "Relay__DataDirectory=of-env\n");
        await using var relay = await RelayProcess.StartAsync(_directory.FullPath);
        using var client = await relay.ClientAsync(relay.Find("API key: "));

        using var tooLarge = await Chat.CallAsync(client, "relay-echo", content: new string('x', 300));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.True(File.Exists(_directory["of-env/relay.db"]));
        Assert.False(Directory.Exists(_directory["of-json"]));
    }
}
