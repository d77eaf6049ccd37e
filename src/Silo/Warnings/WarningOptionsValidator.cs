using Microsoft.Extensions.Options;

namespace Relay.Silo.Warnings;

/// <summary>Checks the ranges.</summary>
[OptionsValidator]
internal sealed partial class WarningOptionsValidator : IValidateOptions<WarningOptions>;
