using Microsoft.Extensions.Options;

namespace Relay.Frontend.Shutdown;

/// <summary>Checks the ranges of <see cref="ShutdownOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class ShutdownOptionsValidator : IValidateOptions<ShutdownOptions>;
