using System.Globalization;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Models;

public sealed class NanoUsdTests
{
    [Theory]
    [InlineData("12.5", 12_500_000_000, "$12.50")]
    [InlineData("0", 0, "$0.00")]
    [InlineData("0.000000001", 1, "$0.000000001")]
    [InlineData("-3.004", -3_004_000_000, "-$3.004")]
    [InlineData("1000000000", 1_000_000_000_000_000_000, "$1000000000.00")]
    public void FromUsd_AWholeNumberOfBillionths_IsExactBothWays(string usd, long value, string text)
    {
        var dollars = decimal.Parse(usd, CultureInfo.InvariantCulture);
        var amount = NanoUsd.FromUsd(dollars);

        Assert.Equal(new NanoUsd(value), amount);
        Assert.Equal(dollars, amount!.Value.ToUsd());
        Assert.Equal(text, amount.Value.ToString());
    }

    [Theory]
    [InlineData("0.0000000001")]
    [InlineData("9223372036.854775808")]
    [InlineData("-79228162514264337593543950335")]
    public void FromUsd_WhatHasNoAmount_IsNull(string usd) => Assert.Null(NanoUsd.FromUsd(decimal.Parse(usd, CultureInfo.InvariantCulture)));
}
