using System.Globalization;

namespace Relay.Grains.Usage;

/// <summary>An amount of money in billionths of a US dollar, so that sums of it are exact. A correction's may be negative.</summary>
/// <param name="Value">How many.</param>
[GenerateSerializer, Immutable, Alias("Relay.NanoUsd")]
public readonly record struct NanoUsd([property: Id(0)] long Value)
{
    private const long OfOneDollar = 1_000_000_000;

    /// <summary>The amount in dollars, exactly.</summary>
    public decimal ToUsd() => (decimal)Value / OfOneDollar;

    /// <summary>An amount of dollars; null when it is no whole number of billionths, or too large.</summary>
    public static NanoUsd? FromUsd(decimal usd) =>
        Math.Abs(usd) < (decimal)long.MaxValue / OfOneDollar && usd * OfOneDollar is var nano && nano == decimal.Truncate(nano)
            ? new NanoUsd((long)nano)
            : null;

    /// <summary>As people read it: <c>$12.50</c>, with as many further digits as there are.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Value < 0 ? "-" : "")}${Math.Abs(ToUsd()):0.00#######}");

    public static NanoUsd operator +(NanoUsd left, NanoUsd right) => new(left.Value + right.Value);

    public static NanoUsd operator -(NanoUsd left, NanoUsd right) => new(left.Value - right.Value);

    public static NanoUsd operator -(NanoUsd amount) => new(-amount.Value);
}
