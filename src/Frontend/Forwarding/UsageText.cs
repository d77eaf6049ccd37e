using System.Globalization;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>A call's tokens as log lines have them; written into the line, since there is one for every call.</summary>
internal readonly struct UsageText(TokenUsage usage) : ISpanFormattable
{
    public override string ToString() => ToString(format: null, CultureInfo.InvariantCulture);

    public string ToString(string? format, IFormatProvider? formatProvider) => string.Create(CultureInfo.InvariantCulture, $"{this}");

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) => destination.TryWrite(
        CultureInfo.InvariantCulture,
        $"in={usage.InputTokens} cached={usage.CachedInputTokens} audio_in={usage.AudioInputTokens} out={usage.OutputTokens} reasoning={usage.ReasoningTokens} audio_out={usage.AudioOutputTokens} cache_write={usage.CacheWriteInputTokens}",
        out charsWritten);
}
