using Microsoft.Extensions.Options;

namespace Relay.Silo.Clustering;

/// <summary>Checks the ranges of <see cref="MembershipOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class MembershipOptionsValidator : IValidateOptions<MembershipOptions>;
