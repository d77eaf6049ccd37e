using Microsoft.Extensions.Options;

namespace Relay.Frontend.Admission;

/// <summary>Checks the ranges of <see cref="OutboxOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class OutboxOptionsValidator : IValidateOptions<OutboxOptions>;
