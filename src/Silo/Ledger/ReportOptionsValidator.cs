using Microsoft.Extensions.Options;

namespace Relay.Silo.Ledger;

/// <summary>Checks the ranges.</summary>
[OptionsValidator]
internal sealed partial class ReportOptionsValidator : IValidateOptions<ReportOptions>;
