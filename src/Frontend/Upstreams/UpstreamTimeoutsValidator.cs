using Microsoft.Extensions.Options;

namespace Relay.Frontend.Upstreams;

/// <summary>Checks the ranges of <see cref="UpstreamTimeouts"/>.</summary>
[OptionsValidator]
internal sealed partial class UpstreamTimeoutsValidator : IValidateOptions<UpstreamTimeouts>;
