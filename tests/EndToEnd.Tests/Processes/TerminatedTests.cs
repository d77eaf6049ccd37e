using System.Net;
using System.Net.Http.Json;
using Relay.Testing;
using Relay.Testing.Upstreams;

namespace Relay.EndToEnd.Tests.Processes;

public sealed class TerminatedTests : IAsyncLifetime
{
    private readonly WorkingDirectory _directory = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FakeUpstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await FakeUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        await _upstream.DisposeAsync();
        _directory.Delete();
    }

    [Fact]
    public async Task Terminated_AmidAStream_TheStreamEndsAndIsCounted()
    {
        await using var first = await StartAsync();
        var adminKey = first.Find("Admin key: ")!;
        using var client = await first.ClientAsync(first.Find("API key: "));
        _upstream.Next(new UpstreamScript().Tokens(2).WaitFor(_gate).Complete());
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "gpt-4o", stream = true, messages = new[] { new { role = "user", content = "hello there" } } }),
        };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var text = await reader.ReadLineAsync();

        await first.TerminateAsync();
        await first.WroteAsync("calls run on");
        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        using var refused = await Chat.CallAsync(client, "gpt-4o");
        _gate.SetResult();
        text += await reader.ReadToEndAsync();

        Assert.Equal(0, await first.ExitAsync());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("data: [DONE]", text, StringComparison.Ordinal);
        Assert.Empty(first.Errors);

        await using var second = await StartAsync();
        using var admin = await second.ClientAsync(adminKey);
        var totals = (await Chat.GetAsync(admin, "users/admin/usage")).GetProperty("totals");
        var billed = Assert.Single(_upstream.Bill.Entries).Usage;
        Assert.Equal(1, totals.GetProperty("requests").GetInt64());
        Assert.Equal(billed.InputTokens, totals.GetProperty("input_tokens").GetInt64());
        Assert.Equal(billed.OutputTokens, totals.GetProperty("output_tokens").GetInt64());
    }

    private Task<RelayProcess> StartAsync() => RelayProcess.StartAsync(
        _directory.FullPath, new Dictionary<string, string> { ["OPENAI_BASE_URL"] = _upstream.BaseUrl.ToString() });
}
