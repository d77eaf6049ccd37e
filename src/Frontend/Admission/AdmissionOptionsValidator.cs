using Microsoft.Extensions.Options;

namespace Relay.Frontend.Admission;

/// <summary>Checks the ranges of <see cref="AdmissionOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>;
