using Microsoft.Extensions.Options;
using Relay.Configuration;
using Relay.Grains.Ownership;

namespace Relay.Frontend.Admission;

/// <summary>Checks that a call waits longer than a change of its key's owner takes at least.</summary>
internal sealed class ReserveTimeValidator(IOptions<OwnershipOptions> ownership) : IValidateOptions<AdmissionOptions>
{
    public ValidateOptionsResult Validate(string? name, AdmissionOptions options)
    {
        if (ownership.ValueOrNull() is not { } times || options.ReserveSeconds > times.LeaseSeconds + times.RenewSeconds)
        {
            return ValidateOptionsResult.Success;
        }

        const string Lease = $"{OwnershipOptions.SectionName}:{nameof(OwnershipOptions.LeaseSeconds)}";
        const string Renew = $"{OwnershipOptions.SectionName}:{nameof(OwnershipOptions.RenewSeconds)}";
        return ValidateOptionsResult.Fail(FormattableString.Invariant(
            $"{AdmissionOptions.SectionName}:{nameof(AdmissionOptions.ReserveSeconds)} is {options.ReserveSeconds}, and must be greater than {Lease} and {Renew} together ({times.LeaseSeconds} + {times.RenewSeconds}), which a change of a key's owner takes: every call during one would get 503. Raise it, or lower one of them."));
    }
}
