using Microsoft.Extensions.Options;

namespace Relay.Grains.Quotas;

/// <summary>Checks the ranges.</summary>
[OptionsValidator]
internal sealed partial class QuotaOptionsValidator : IValidateOptions<QuotaOptions>;
