using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Relay.Frontend.Forwarding;

/// <summary>The bounds of what is relayed.</summary>
internal sealed class ForwardingOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay";

    /// <summary>The largest request body, in bytes: 1 to 1,073,741,824, by default 64 MiB. A larger one is refused with 413.</summary>
    [Range(1, 1 << 30)]
    public int MaxRequestBodyBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How far an answer is read on after its client has gone, to learn its exact count.</summary>
    [ValidateObjectMembers]
    public DrainOptions Drain { get; set; } = new();
}
