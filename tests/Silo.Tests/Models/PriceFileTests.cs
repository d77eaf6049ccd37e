using Relay.Grains.Models;
using Relay.Grains.Usage;
using Relay.Silo.Models;
using Relay.Silo.Tests.Ledger;

namespace Relay.Silo.Tests.Models;

public sealed class PriceFileTests
{
    private static readonly PriceBook Book = new([PriceFile.BuiltIn]);

    [Theory]
    [InlineData("gpt-4o", null, 2_500 * 600 + 1_250 * 400 + 10_000 * 100)]
    [InlineData("gpt-4o-mini", null, 150 * 600 + 75 * 400 + 600 * 100)]
    [InlineData("gpt-5", null, 1_250 * 600 + 125 * 400 + 10_000 * 100)]
    [InlineData("claude-sonnet-4-5", null, 3_000 * 600 + 300 * 400 + 15_000 * 100)]
    [InlineData("our-deployment", "gpt-4o-2024-08-06", 2_500 * 600 + 1_250 * 400 + 10_000 * 100)]
    [InlineData("gpt-9", null, null)]
    public void BuiltIn_CommonModels_HaveTheirListPrice(string model, string? actual, int? expected)
    {
        var entry = UsageEntries.Entry("key_a", 1, model: model).Settlement;
        var settlement = entry with
        {
            ModelActual = actual,
            Usage = new TokenUsage { InputTokens = 1_000, CachedInputTokens = 400, OutputTokens = 100 },
        };

        Assert.Equal(expected, (int?)Book.CostOf(settlement)?.Value);
    }

    [Fact]
    public void BuiltIn_APriceThatFell_HoldsAtTheCallsTime()
    {
        Assert.Equal(10_000, CostOfOneToken(new DateTimeOffset(2025, 6, 9, 23, 59, 59, TimeSpan.Zero)));
        Assert.Equal(2_000, CostOfOneToken(new DateTimeOffset(2025, 6, 10, 0, 0, 0, TimeSpan.Zero)));

        static long? CostOfOneToken(DateTimeOffset reservedAt) => Book.CostOf(
            UsageEntries.Entry("key_a", 1, model: "o3", reservedAt: reservedAt, inputTokens: 1, outputTokens: 0).Settlement)?.Value;
    }

    [Fact]
    public void Read_AFileThatIsTooLarge_IsToldAndNotRead()
    {
        using var folder = new Storage.TemporaryDirectory();
        File.WriteAllBytes(folder["prices.json"], new byte[PriceFileReader.BytesMax + 1]);

        var (table, bytes, faults) = PriceFile.Read(folder["prices.json"]);

        Assert.Null(table);
        Assert.Empty(bytes);
        Assert.Contains("larger", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void BuiltIn_TheFileBesideTheSilo_IsTheSame()
    {
        var (table, _, faults) = PriceFile.Read(Path.Combine(AppContext.BaseDirectory, "prices.json"));

        Assert.Empty(faults);
        Assert.NotNull(table);
    }
}
