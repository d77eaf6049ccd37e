using Microsoft.Extensions.Options;

namespace Relay.Silo.Models;

/// <summary>Checks the ranges.</summary>
[OptionsValidator]
internal sealed partial class PriceOptionsValidator : IValidateOptions<PriceOptions>;
