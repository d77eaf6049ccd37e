using Relay.Grains.Ownership;

namespace Relay.Grains.Keys;

/// <summary>
/// When an activation admits calls: once its title to the key is good, and every count of the owners before is in its book. Why none
/// can come later that would make it pass a limit, as long as frontends reach this activation within R:
/// 1. An owner before admits nothing any more when the wait is over, and every frontend has told this activation of the calls whose
/// settle nobody has acknowledged: of those that run, and of those whose count is in its outbox. They are held here.
/// 2. Whatever was acknowledged by then is in the ledger, which is read once more after the wait, not before.
/// 3. What an owner before writes after that (it was frozen, or its transaction was) is of a call of the first kind. It takes the place
/// of the hold, at the latest when the hold expires: no call is expired or made anew here without asking the ledger.
/// 4. Once this activation has an entry in the ledger, the sequence of whatever an older one writes is taken.
/// </summary>
/// <param name="owner">The activation's title.</param>
/// <param name="calls">Its calls.</param>
/// <param name="isHandedOver">Whether the owner before had ended when the ledger was read, and has told of its calls.</param>
internal sealed class KeyGate(KeyOwner owner, KeyCalls calls, bool isHandedOver)
{
    private bool _isCaughtUp = isHandedOver;
    private Task _catchingUp = Task.CompletedTask;

    /// <summary>Whether no call can be admitted in this very moment.</summary>
    public bool IsShut => !_isCaughtUp || owner.Wait is not null;

    /// <summary>How long no call can be admitted yet, at least; null when nobody knows, or when one can be now.</summary>
    public TimeSpan? Wait => owner.Wait;

    /// <summary>Reads once what the owners before have written, as soon as the wait for them is over.</summary>
    public async ValueTask PrepareAsync()
    {
        // One whose silo was frozen during the wait has what frontends have told of still before it.
        if (_isCaughtUp || owner.Wait is not null || !owner.HearsOfCalls)
        {
            return;
        }

        if (_catchingUp.IsCompleted)
        {
            _catchingUp = CatchUpAsync();
        }

        await _catchingUp;
    }

    private async Task CatchUpAsync()
    {
        await calls.CatchUpAsync();
        _isCaughtUp = true;
    }
}
