using Microsoft.Extensions.Options;

namespace Relay.Frontend.Standalone;

/// <summary>Checks <see cref="StandaloneOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class StandaloneOptionsValidator : IValidateOptions<StandaloneOptions>;
