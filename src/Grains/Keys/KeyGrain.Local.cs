using System.Diagnostics.CodeAnalysis;
using Relay.Grains.Admission;

namespace Relay.Grains.Keys;

/// <content>
/// What callers of this process may ask on their own threads (<see cref="LocalKeys"/>). All calls and timers of the grain are turns of
/// <see cref="KeyTurns"/>, which no such caller meets; whatever is out of the ordinary is left to them.
/// </content>
internal sealed partial class KeyGrain : ILocalKey, IIncomingGrainCallFilter
{
    private KeyTurns _turns = null!;
    private bool _isLocal;

    /// <summary>Makes every call of this grain a turn.</summary>
    public Task Invoke(IIncomingGrainCallContext context) => _turns.RunAsync(context.Invoke);

    /// <inheritdoc />
    AdmissionDecision? ILocalKey.TryReserve(ReserveRequest request)
    {
        using (_turns.Enter())
        {
            // Without a timer nobody would see the hold's deadline, and only a turn can start one.
            if (!IsOrdinary || _expiryTimer is null)
            {
                return null;
            }

            var (decision, shortages) = Decide(request, recalled: null);
            return shortages.IsEmpty && decision.Refusal?.Kind != RefusalKind.OwnerChanging ? decision : null;
        }
    }

    /// <inheritdoc />
    bool ILocalKey.TrySettle(Settlement settlement, [NotNullWhen(true)] out Task<SettleResult>? settled)
    {
        settled = null;
        using (_turns.Enter())
        {
            return IsOrdinary && _calls.TrySettle(_settings!, settlement, _turns, out settled);
        }
    }

    /// <summary>Whether this activation goes on, owns its key, and has counted all that the owners before have written.</summary>
    private bool IsOrdinary =>
        _isLocal && _settings is not null && _owner is { IsLost: false } && _gate is { IsShut: false } && _calls.CanGoOn;

    private void BeLocal()
    {
        _isLocal = true;
        local.Open(Id, this);
    }

    private void BeLocalNoMore()
    {
        _isLocal = false;
        local.Close(Id, this);
    }
}
