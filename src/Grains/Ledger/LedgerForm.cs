using System.Buffers;
using System.Text;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Ledger;

/// <summary>
/// Entries in the form in which every database gives them back: whole milliseconds, well-formed text without U+0000, short
/// enough for the columns, and with no space at its end, where SQL Server would take texts that differ for one. Only so can an entry
/// that is read back be compared with the one that was sent.
/// </summary>
internal static class LedgerForm
{
    /// <summary>The longest text of an entry, in UTF-16 characters.</summary>
    public const int TextMax = 256;

    /// <summary>The entry as it will be read back.</summary>
    public static UsageEntry Of(UsageEntry entry) =>
        entry with { User = Of(entry.User), Team = OfOrNull(entry.Team), Settlement = Of(entry.Settlement) };

    /// <summary>An entry's settlement as it will be read back.</summary>
    public static Settlement Of(Settlement settlement) => settlement with
    {
        Call = settlement.Call with
        {
            ReservedAt = Truncate(settlement.Call.ReservedAt),
            Endpoint = Of(settlement.Call.Endpoint),
            Model = Of(settlement.Call.Model),

            // The entry itself says whose it is.
            User = null,
            Team = null,
        },
        ModelActual = OfOrNull(settlement.ModelActual),
        Upstream = Of(settlement.Upstream),
        StartedAt = Truncate(settlement.StartedAt),
        FirstByteAt = settlement.FirstByteAt is { } firstByteAt ? Truncate(firstByteAt) : null,
        EndedAt = Truncate(settlement.EndedAt),
    };

    /// <summary>An entry's text as it will be read back. Cut first: a cut may leave a space at the end.</summary>
    public static string Of(string text) => WellFormed(text).TrimEnd(' ');

    /// <summary>As <see cref="Of(string)"/>.</summary>
    public static string? OfOrNull(string? text) => text is null ? null : Of(text);

    /// <summary>The entry with all its counts, but without the texts that came from outside.</summary>
    public static UsageEntry WithoutTexts(UsageEntry entry) => entry with
    {
        Settlement = entry.Settlement with
        {
            Call = entry.Settlement.Call with { Model = "" },
            ModelActual = null,
            Upstream = "",
        },
    };

    private static DateTimeOffset Truncate(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());

    private static string WellFormed(string text)
    {
        // Nearly every text.
        if (text.Length <= TextMax && !text.Contains('\0', StringComparison.Ordinal) && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text;
        }

        var left = text.AsSpan();
        StringBuilder? cleaned = null;
        var length = 0;
        while (!left.IsEmpty)
        {
            // A lone surrogate decodes to U+FFFD, which is what a database makes of it at best.
            var wellFormed = Rune.DecodeFromUtf16(left, out var rune, out var consumed) == OperationStatus.Done && rune.Value != 0;
            if (length + consumed > TextMax)
            {
                return cleaned?.ToString() ?? text[..length];
            }

            if (!wellFormed)
            {
                cleaned ??= new StringBuilder(text, 0, length, TextMax);
            }

            cleaned?.Append(wellFormed ? rune.ToString() : "\uFFFD");
            length += consumed;
            left = left[consumed..];
        }

        return cleaned?.ToString() ?? text;
    }
}
