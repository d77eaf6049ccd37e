using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Frontend.Overload;

namespace Relay.Frontend.Forwarding;

/// <summary>Checks that the largest body that is taken has room.</summary>
internal sealed class BodyMemoryValidator(IOptions<ForwardingOptions> forwarding) : IValidateOptions<OverloadOptions>
{
    public ValidateOptionsResult Validate(string? name, OverloadOptions options)
    {
        // Pieces of memory grow, and nobody knows beforehand which is the last. What is out of range is told by the check of that.
        if (forwarding.ValueOrNull() is not { MaxRequestBodyBytes: var bodyMax }
            || options.BodyBytes < 1
            || options.BodyBytes >= (2L * bodyMax) + RequestBody.PartBytesMax)
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(FormattableString.Invariant(
            $"{OverloadOptions.SectionName}:{nameof(OverloadOptions.BodyBytes)} is {options.BodyBytes}, and must be at least twice {ForwardingOptions.SectionName}:{nameof(ForwardingOptions.MaxRequestBodyBytes)} ({bodyMax}) and {RequestBody.PartBytesMax} more, or a body of that size would always be refused. Raise it, or lower the other."));
    }
}
