using Microsoft.AspNetCore.Http;
using Relay.Frontend.Admission;
using Relay.Grains.Admission;

namespace Relay.Frontend.Tests.Admission;

public sealed class RateLimitHeadersTests
{
    [Theory]
    [InlineData(-5, "0ms")]
    [InlineData(0, "0ms")]
    [InlineData(0.2, "1ms")]
    [InlineData(120, "120ms")]
    [InlineData(999, "999ms")]
    [InlineData(1_000, "1s")]
    [InlineData(1_001, "2s")]
    [InlineData(59_000, "59s")]
    [InlineData(59_001, "1m0s")]
    [InlineData(360_000, "6m0s")]
    [InlineData(3_599_001, "1h0m0s")]
    [InlineData(3_600_000, "1h0m0s")]
    [InlineData(93_612_000, "26h0m12s")]
    public void FormatDuration_AnyLength_IsAsGoWritesIt(double milliseconds, string text) =>
        Assert.Equal(text, RateLimitHeaders.FormatDuration(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Write_OneLimitThatNeverResets_WritesNoOtherHeader()
    {
        var headers = new HeaderDictionary();

        RateLimitHeaders.Write(headers, new AdmissionDecision { Tokens = new RateLimitStatus(100, 7, ResetAfter: null) });

        Assert.Equal(
            ["x-ratelimit-limit-tokens: 100", "x-ratelimit-remaining-tokens: 7"],
            headers.Select(header => $"{header.Key}: {header.Value}"));
    }

    [Fact]
    public void Write_BothLimits_WritesAllSix()
    {
        var headers = new HeaderDictionary();

        RateLimitHeaders.Write(headers, new AdmissionDecision
        {
            Requests = new RateLimitStatus(10, 9, TimeSpan.FromSeconds(1)),
            Tokens = new RateLimitStatus(1_000, 900, TimeSpan.FromMinutes(6)),
        });

        Assert.Equal(
            [
                "x-ratelimit-limit-requests: 10", "x-ratelimit-limit-tokens: 1000",
                "x-ratelimit-remaining-requests: 9", "x-ratelimit-remaining-tokens: 900",
                "x-ratelimit-reset-requests: 1s", "x-ratelimit-reset-tokens: 6m0s",
            ],
            headers.Select(header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal));
    }
}
