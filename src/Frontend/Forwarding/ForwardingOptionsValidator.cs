using Microsoft.Extensions.Options;

namespace Relay.Frontend.Forwarding;

/// <summary>Checks the ranges of <see cref="ForwardingOptions"/>.</summary>
[OptionsValidator]
internal sealed partial class ForwardingOptionsValidator : IValidateOptions<ForwardingOptions>;
