using Microsoft.Extensions.Options;

namespace Relay.Frontend.Background;

/// <summary>Checks the ranges of <see cref="BackgroundOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class BackgroundOptionsValidator : IValidateOptions<BackgroundOptions>;
