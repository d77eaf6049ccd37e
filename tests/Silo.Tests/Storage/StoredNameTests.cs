using Relay.Grains.Quotas;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Tests.Storage;

/// <summary>Pins the names in the tables: a value that is renamed in code must not change them, or rows written before cannot be read.</summary>
public sealed class StoredNameTests
{
    [Fact]
    public void Of_EveryValue_IsTheNameThatRowsHave()
    {
        Assert.Equal(["completed", "client_closed", "upstream_error", "expired"], NamesOf<Outcome>(), StringComparer.Ordinal);
        Assert.Equal(["reported", "estimated"], NamesOf<UsageSource>(), StringComparer.Ordinal);
        Assert.Equal(["requests", "tokens", "input_tokens", "output_tokens", "concurrency", "cost"], NamesOf<Metric>(), StringComparer.Ordinal);
        Assert.Equal(["soft", "hard", "observe"], Enum.GetValues<Enforcement>().Select(StoredName<Enforcement>.Of));
        Assert.Equal(["minute", "hour", "day", "week", "month", "total"], NamesOf<Window>(), StringComparer.Ordinal);
    }

    [Fact]
    public void Parse_NameOfAValue_IsTheValue() =>
        Assert.All(Enum.GetValues<Outcome>(), outcome =>
            Assert.Equal(outcome, StoredName<Outcome>.Parse(StoredName<Outcome>.Of(outcome))));

    [Fact]
    public void Parse_UnknownName_SaysWhichAndOfWhat()
    {
        var exception = Assert.Throws<InvalidDataException>(() => StoredName<Outcome>.Parse("vanished"));

        Assert.Contains("'vanished'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Outcome", exception.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> NamesOf<TEnum>()
        where TEnum : struct, Enum => Enum.GetValues<TEnum>().Select(StoredName<TEnum>.Of);
}
