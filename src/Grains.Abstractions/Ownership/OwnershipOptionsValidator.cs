using Microsoft.Extensions.Options;

namespace Relay.Grains.Ownership;

/// <summary>Checks <see cref="OwnershipOptions"/>.</summary>
[OptionsValidator]
public sealed partial class OwnershipOptionsValidator : IValidateOptions<OwnershipOptions>;
