using System.Globalization;
using Microsoft.Extensions.Options;
using Relay.Frontend.Overload;

namespace Relay.Frontend.Forwarding;

/// <summary>Checks that the largest body that is taken has room.</summary>
internal sealed class BodyMemoryValidator(IConfiguration configuration) : IValidateOptions<OverloadOptions>
{
    // Memory is taken in pieces that grow up to this size, and nobody knows beforehand which is the last.
    private const long PieceBytes = 1024 * 1024;

    public ValidateOptionsResult Validate(string? name, OverloadOptions options)
    {
        // Read by itself: a wrong value, of the other setting or of this one, is told by the check of its range.
        var forwarding = new ForwardingOptions();
        var text = configuration[$"{ForwardingOptions.SectionName}:{nameof(ForwardingOptions.MaxRequestBodyBytes)}"];
        var bodyMax = long.TryParse(text, CultureInfo.InvariantCulture, out var configured) ? configured : forwarding.MaxRequestBodyBytes;
        return options.BodyBytes < 1 || options.BodyBytes >= (2 * Math.Clamp(bodyMax, 0, int.MaxValue)) + PieceBytes
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(FormattableString.Invariant(
                $"{OverloadOptions.SectionName}:{nameof(OverloadOptions.BodyBytes)} is {options.BodyBytes}, and must be at least twice {ForwardingOptions.SectionName}:{nameof(ForwardingOptions.MaxRequestBodyBytes)} ({bodyMax}) and {PieceBytes} more, or a body of that size would always be refused. Raise it, or lower the other."));
    }
}
