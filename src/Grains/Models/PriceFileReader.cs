using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Relay.Grains.Models;

/// <summary>Reads a table of prices from JSON; docs/costs.md has its form. It says all that is wrong at once.</summary>
public static class PriceFileReader
{
    /// <summary>The largest file, in bytes.</summary>
    public const int BytesMax = 4 * 1024 * 1024;

    private const int PatternLengthMax = 256;
    private const decimal OfMillionTokensMax = 1_000_000;
    private const decimal OfOneMax = 1_000;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The table, or what is wrong.</summary>
    public static (PriceTable? Table, ImmutableArray<string> Faults) Read(ReadOnlySpan<byte> json)
    {
        PriceFile? file;
        try
        {
            file = JsonSerializer.Deserialize<PriceFile>(json, Options);
        }
        catch (JsonException exception)
        {
            var place = exception.Path is { Length: > 1 } path ? path : "the file";
            return (null, [$"{place} is not as it must be (line {exception.LineNumber + 1})."]);
        }

        if (file?.Prices is not { Count: > 0 } entries)
        {
            return (null, ["it has no 'prices'."]);
        }

        var faults = new List<string>();
        var prices = new List<(string Pattern, ModelPrice Price)>();
        var seen = new HashSet<(string Pattern, DateOnly From)>();
        foreach (var (index, entry) in entries.Index())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"prices[{index}]");
            var before = faults.Count;
            faults.AddRange(FindFaults(entry).Select(fault => $"{place}: {fault}"));
            if (faults.Count > before)
            {
                continue;
            }

            var price = ToPrice(entry!);
            foreach (var pattern in entry!.Models!)
            {
                if (seen.Add((pattern, entry.From!.Value)))
                {
                    prices.Add((pattern, price));
                }
                else
                {
                    faults.Add($"{place}: '{pattern}' has a price from {entry.From:yyyy-MM-dd} already.");
                }
            }
        }

        return faults.Count == 0 ? (new PriceTable(prices), []) : (null, [.. faults]);
    }

    private static IEnumerable<string> FindFaults(PriceEntry? entry)
    {
        if (entry is null)
        {
            yield return "it must be an object.";
            yield break;
        }

        if (entry.Models is not { Count: > 0 } models || models.Any(static model => model is not { Length: > 0 and <= PatternLengthMax }))
        {
            yield return "'models' must list patterns of 1 to 256 characters.";
        }

        if (entry.From is null || entry.AsOf is null || entry.AsOf < entry.From)
        {
            yield return "'from' and 'as_of' must be dates such as 2025-08-07, and the latter not before the former.";
        }

        if (entry.PerMillionTokens is { } tokens)
        {
            if (tokens.Input is null || tokens.Output is null)
            {
                yield return "'per_million_tokens' must have 'input' and 'output'; give 0 for what costs nothing.";
            }

            foreach (var fault in TokenPrices(tokens).Select(static pair => FindFault(pair.Name, pair.Usd, OfMillionTokensMax, 1)).OfType<string>())
            {
                yield return fault;
            }
        }

        var units = UnitPrices(entry);
        if (entry.PerMillionTokens is null && Array.TrueForAll(units, static pair => pair.Usd is null))
        {
            yield return "it has no price.";
        }

        foreach (var fault in units.Select(static pair => FindFault(pair.Name, pair.Usd, OfOneMax, 1_000_000)).OfType<string>())
        {
            yield return fault;
        }
    }

    private static (string Name, decimal? Usd)[] TokenPrices(TokenPriceEntry tokens) =>
    [
        ("input", tokens.Input),
        ("cached_input", tokens.CachedInput),
        ("cache_write", tokens.CacheWrite),
        ("audio_input", tokens.AudioInput),
        ("output", tokens.Output),
        ("reasoning", tokens.Reasoning),
        ("audio_output", tokens.AudioOutput),
    ];

    private static (string Name, decimal? Usd)[] UnitPrices(PriceEntry entry) =>
    [
        ("per_call", entry.PerCall),
        ("per_image", entry.PerImage),
        ("per_second", entry.PerSecond),
        ("per_character", entry.PerCharacter),
    ];

    private static string? FindFault(string name, decimal? usd, decimal max, int units) =>
        usd is null || (usd >= 0 && usd <= max && NanoUsdOf(usd.Value, units) is not null)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"'{name}' must be 0 to {max} dollars, with at most {(units == 1 ? 9 : 15)} decimals.");

    private static ModelPrice ToPrice(PriceEntry entry) => new()
    {
        From = new DateTimeOffset(entry.From!.Value, TimeOnly.MinValue, TimeSpan.Zero),
        Input = OfTokens(entry.PerMillionTokens?.Input) ?? 0,
        CachedInput = OfTokens(entry.PerMillionTokens?.CachedInput),
        CacheWriteInput = OfTokens(entry.PerMillionTokens?.CacheWrite),
        AudioInput = OfTokens(entry.PerMillionTokens?.AudioInput),
        Output = OfTokens(entry.PerMillionTokens?.Output) ?? 0,
        Reasoning = OfTokens(entry.PerMillionTokens?.Reasoning),
        AudioOutput = OfTokens(entry.PerMillionTokens?.AudioOutput),
        PerCall = OfOne(entry.PerCall),
        PerImage = OfOne(entry.PerImage),
        PerSecond = OfOne(entry.PerSecond),
        PerCharacter = OfOne(entry.PerCharacter),
    };

    private static long? OfTokens(decimal? usd) => usd is { } price ? NanoUsdOf(price, 1) : null;

    private static long OfOne(decimal? usd) => usd is { } price ? NanoUsdOf(price, 1_000_000)!.Value : 0;

    /// <summary>So many times the price, in billionths of a dollar; null when that is no whole number.</summary>
    private static long? NanoUsdOf(decimal usd, int units) =>
        usd * units * 1_000_000_000 is var nano && nano == decimal.Truncate(nano) ? (long)nano : null;

    private sealed record PriceFile
    {
        public IReadOnlyList<PriceEntry?>? Prices { get; init; }
    }

    private sealed record PriceEntry
    {
        public IReadOnlyList<string>? Models { get; init; }

        public DateOnly? From { get; init; }

        public DateOnly? AsOf { get; init; }

        public TokenPriceEntry? PerMillionTokens { get; init; }

        public decimal? PerCall { get; init; }

        public decimal? PerImage { get; init; }

        public decimal? PerSecond { get; init; }

        public decimal? PerCharacter { get; init; }
    }

    private sealed record TokenPriceEntry
    {
        public decimal? Input { get; init; }

        public decimal? CachedInput { get; init; }

        public decimal? CacheWrite { get; init; }

        public decimal? AudioInput { get; init; }

        public decimal? Output { get; init; }

        public decimal? Reasoning { get; init; }

        public decimal? AudioOutput { get; init; }
    }
}
