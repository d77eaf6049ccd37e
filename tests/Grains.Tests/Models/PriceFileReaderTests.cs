using System.Text;
using Relay.Grains.Models;

namespace Relay.Grains.Tests.Models;

public sealed class PriceFileReaderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Read_EveryMember_IsTaken()
    {
        var (table, faults) = Read(
            """
            {"prices": [{
              // What a comment says means nothing.
              "models": ["m-1", "m-2*"], "from": "2026-03-01", "as_of": "2026-03-02",
              "per_million_tokens": {"input": 2.50, "cached_input": 1.25, "cache_write": 3, "audio_input": 40, "output": 10, "reasoning": 11, "audio_output": 80},
              "per_call": 0.01, "per_image": 0.04, "per_second": 0.0001, "per_character": 0.000015
            }]}
            """);

        Assert.Empty(faults);
        var price = table!.Find("m-1", Noon)!;
        Assert.Equal(
            new ModelPrice
            {
                From = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero),
                Input = 2_500_000_000,
                CachedInput = 1_250_000_000,
                CacheWriteInput = 3_000_000_000,
                AudioInput = 40_000_000_000,
                Output = 10_000_000_000,
                Reasoning = 11_000_000_000,
                AudioOutput = 80_000_000_000,
                PerCall = 10_000_000_000_000,
                PerImage = 40_000_000_000_000,
                PerSecond = 100_000_000_000,
                PerCharacter = 15_000_000_000,
            },
            price);
        Assert.Same(price, table.Find("m-2-x", Noon));
        Assert.Null(table.Find("m-1", Noon.AddDays(-1)));
    }

    [Theory]
    [InlineData("", "the file")]
    [InlineData("[]", "the file")]
    [InlineData("null", "'prices'")]
    [InlineData("""{"prices":[]}""", "'prices'")]
    [InlineData("""{"price":[]}""", "price")]
    [InlineData("""{"prices":[null]}""", "prices[0]: it must be an object")]
    [InlineData("""{"prices":[{"models":[],"from":"2026-01-01","as_of":"2026-01-01","per_call":1}]}""", "'models'")]
    [InlineData("""{"prices":[{"models":["m"],"as_of":"2026-01-01","per_call":1}]}""", "'from'")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-02","as_of":"2026-01-01","per_call":1}]}""", "'as_of'")]
    [InlineData("""{"prices":[{"models":["m"],"from":"January","as_of":"2026-01-01","per_call":1}]}""", "from")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01"}]}""", "no price")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_million_tokens":{"input":1}}]}""", "'output'")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_million_tokens":{"input":-1,"output":1}}]}""", "'input' must be 0")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_million_tokens":{"input":1,"output":1000001}}]}""", "'output' must be 0")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_million_tokens":{"input":0.0000000001,"output":1}}]}""", "9 decimals")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_call":1e28}]}""", "'per_call' must be 0")]
    [InlineData("""{"prices":[{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_call":1},{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_call":2}]}""", "already")]
    public void Read_AFault_IsToldWithItsPlace(string json, string expected)
    {
        var (table, faults) = Read(json);

        Assert.Null(table);
        Assert.Contains(expected, Assert.Single(faults), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", faults[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralFaults_AreAllTold()
    {
        var (_, faults) = Read("""{"prices":[{"models":["m"]},{"models":["m"],"from":"2026-01-01","as_of":"2026-01-01","per_call":-1}]}""");

        Assert.Equal(3, faults.Length);
    }

    private static (PriceTable? Table, System.Collections.Immutable.ImmutableArray<string> Faults) Read(string json) =>
        PriceFileReader.Read(Encoding.UTF8.GetBytes(json));
}
