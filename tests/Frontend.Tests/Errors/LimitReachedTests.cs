using System.Text.Json;
using Relay.Frontend.Errors;
using Relay.Grains.Admission;
using Relay.Grains.Quotas;

namespace Relay.Frontend.Tests.Errors;

public sealed class LimitReachedTests
{
    private static readonly DateTimeOffset ResetsAt = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<Metric, Window> All
    {
        get
        {
            var all = new TheoryData<Metric, Window>();
            foreach (var metric in Enum.GetValues<Metric>())
            {
                foreach (var window in Enum.GetValues<Window>())
                {
                    all.Add(metric, window);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void LimitReached_AnyMetricAndWindow_TellsSdksWhatToDo(Metric metric, Window window)
    {
        var error = RelayError.LimitReached(Refuse(metric, window), "key_a");

        Assert.Equal(429, error.Status);
        if (metric == Metric.Concurrency || window is Window.Minute or Window.Hour)
        {
            Assert.Equal(metric is Metric.Requests or Metric.Concurrency ? "requests" : "tokens", error.Type);
            Assert.Equal("rate_limit_exceeded", error.Code);
            Assert.Equal(TimeSpan.FromSeconds(30), error.RetryAfter);
            Assert.Null(error.ShouldRetry);
        }
        else
        {
            Assert.Equal("insufficient_quota", error.Type);
            Assert.Equal("insufficient_quota", error.Code);
            Assert.Null(error.RetryAfter);
            Assert.False(error.ShouldRetry);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void LimitReached_AnyMetricAndWindow_NamesTheLimitAndItsState(Metric metric, Window window)
    {
        var message = RelayError.LimitReached(Refuse(metric, window), "key_a").Message;

        var resets = metric == Metric.Concurrency ? " Try again when a call has ended."
            : window == Window.Total ? " It never resets."
            : " It resets at 2026-03-01 00:00:00 UTC.";
        var (limit, state) = metric == Metric.Cost
            ? ("$0.000001 ", "$0.0000009 used, $0.00000007 held by calls in flight, $0.00000003 left; this call needs $0.00000005.")
            : ("1000 ", "900 used, 70 held by calls in flight, 30 left; this call needs 50.");
        Assert.StartsWith($"The limit of {limit}", message, StringComparison.Ordinal);
        Assert.EndsWith($" of key key_a is reached: {state}{resets}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Metric.Requests, Window.Minute, "1000 requests per minute of")]
    [InlineData(Metric.Tokens, Window.Hour, "1000 tokens per hour of")]
    [InlineData(Metric.InputTokens, Window.Day, "1000 input tokens per day of")]
    [InlineData(Metric.OutputTokens, Window.Week, "1000 output tokens per week of")]
    [InlineData(Metric.Tokens, Window.Month, "1000 tokens per month of")]
    [InlineData(Metric.Cost, Window.Month, "The limit of $0.000001 per month of")]
    [InlineData(Metric.Tokens, Window.Total, "1000 tokens in total of")]
    [InlineData(Metric.Concurrency, Window.Minute, "1000 calls in flight of")]
    public void Message_AnyLimit_ReadsAsASentence(Metric metric, Window window, string text) =>
        Assert.Contains(text, RelayError.LimitReached(Refuse(metric, window), "key_a").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1001, true)]
    public void Message_MoreThanTheWholeLimit_SaysThatWaitingDoesNotHelp(long needed, bool says)
    {
        var message = RelayError.LimitReached(Refuse(Metric.Tokens, Window.Minute) with { Needed = needed }, "key_a").Message;

        Assert.Equal(says, message.Contains("more than the whole limit: send less", StringComparison.Ordinal));
    }

    [Fact]
    public void Message_LimitOfSomeModels_NamesThePattern() =>
        Assert.Contains(
            "1000 tokens per day for models `gpt-4o*` of key key_a",
            RelayError.LimitReached(Refuse(Metric.Tokens, Window.Day, "gpt-4o*"), "key_a").Message,
            StringComparison.Ordinal);

    [Fact]
    public void Body_AnyError_HasAllFourMembers()
    {
        using var json = JsonDocument.Parse(OpenAiErrorBody.Utf8(RelayError.BadRequest("Bad \"quotes\".")));

        var error = json.RootElement.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Bad \"quotes\".", error.GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
        Assert.Equal(JsonValueKind.Null, error.GetProperty("code").ValueKind);
    }

    private static Refusal Refuse(Metric metric, Window window, string? model = null) => new()
    {
        Kind = RefusalKind.LimitReached,
        Limit = new LimitUsage(
            new Limit(metric, window, 1000, model), 900, 70, 30, window == Window.Total || metric == Metric.Concurrency ? null : ResetsAt),
        Needed = 50,
        RetryAfter = TimeSpan.FromSeconds(30),
    };
}
