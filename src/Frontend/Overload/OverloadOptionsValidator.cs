using Microsoft.Extensions.Options;

namespace Relay.Frontend.Overload;

/// <summary>Checks the ranges of <see cref="OverloadOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class OverloadOptionsValidator : IValidateOptions<OverloadOptions>;
