using System.Diagnostics.CodeAnalysis;
using Relay.Grains.Admission;

namespace Relay.Grains.Keys;

/// <summary>
/// A key whose grain is active in this process. It does what the grain's call of the same name does, or nothing at all: then the grain
/// must be called.
/// </summary>
public interface ILocalKey
{
    /// <summary>Decides as <see cref="IKeyGrain.ReserveAsync"/> does; null when that would have to wait for something, or has more to do than to decide.</summary>
    AdmissionDecision? TryReserve(ReserveRequest request);

    /// <summary>Settles as <see cref="IKeyGrain.SettleAsync"/> does; false when the call is not held here, or something else of it is going on.</summary>
    bool TrySettle(Settlement settlement, [NotNullWhen(true)] out Task<SettleResult>? settled);
}
