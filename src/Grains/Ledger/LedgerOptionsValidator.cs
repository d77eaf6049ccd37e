using Microsoft.Extensions.Options;

namespace Relay.Grains.Ledger;

/// <summary>Checks the ranges.</summary>
[OptionsValidator]
internal sealed partial class LedgerOptionsValidator : IValidateOptions<LedgerOptions>;
