using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Silo.Clustering;

/// <summary>
/// Checks that a hold lives long enough: until its frontend could renew it with a new owner of its key, even if one renewal is lost;
/// and, as a release is remembered for as long, until no message about a released call can be under way.
/// </summary>
internal sealed class HoldTimeoutValidator(IOptions<OwnershipOptions> ownership, IOptions<MembershipOptions> membership)
    : IValidateOptions<QuotaOptions>
{
    private const string HoldTimeout = $"{QuotaOptions.SectionName}:{nameof(QuotaOptions.HoldTimeoutSeconds)}";
    private const string Lease = $"{OwnershipOptions.SectionName}:{nameof(OwnershipOptions.LeaseSeconds)}";
    private const string Renew = $"{OwnershipOptions.SectionName}:{nameof(OwnershipOptions.RenewSeconds)}";
    private const string Response = $"{MembershipOptions.SectionName}:{nameof(MembershipOptions.ResponseSeconds)}";

    public ValidateOptionsResult Validate(string? name, QuotaOptions options)
    {
        var seconds = options.HoldTimeoutSeconds;
        var faults = new List<string>();
        if (TryGet(ownership, out var times) && seconds <= times.LeaseSeconds + (2 * times.RenewSeconds))
        {
            faults.Add(FormattableString.Invariant(
                $"{HoldTimeout} is {seconds}, and must be greater than {Lease} and twice {Renew} together ({times.LeaseSeconds} + 2 × {times.RenewSeconds}): running calls would be counted as lost when their key's owner changes. Raise it, or lower one of them."));
        }

        if (TryGet(membership, out var cluster) && seconds <= cluster.ResponseSeconds)
        {
            faults.Add(FormattableString.Invariant(
                $"{HoldTimeout} is {seconds}, and must be greater than {Response} ({cluster.ResponseSeconds}), for which a message may be under way: a call that was released could be held again. Raise it, or lower the other."));
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <summary>False when they are wrong themselves, which their own check says better.</summary>
    private static bool TryGet<TOptions>(IOptions<TOptions> options, [NotNullWhen(true)] out TOptions? value)
        where TOptions : class
    {
        try
        {
            value = options.Value;
            return true;
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidOperationException)
        {
            value = null;
            return false;
        }
    }
}
