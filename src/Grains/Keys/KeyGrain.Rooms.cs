using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;

namespace Relay.Grains.Keys;

/// <content>What the key has been allotted of the limits above it.</content>
internal sealed partial class KeyGrain
{
    /// <inheritdoc />
    public async Task<RoomUse?> RecallAsync(LimitKey limit, DateTimeOffset windowEnd)
    {
        if (FindSettings() is null || _gate is not { } gate)
        {
            return null;
        }

        // Before an owner knows of all calls that run, it would give back what they hold.
        await gate.PrepareAsync();
        ThrowIfStale();
        return gate.IsShut ? null : await _rooms!.GiveBackAsync(limit, windowEnd);
    }

    private void BeOwner(KeyOwner owner, PreviousOwner previous)
    {
        _gate = new KeyGate(owner, _calls, previous == PreviousOwner.HandedOver);
        _rooms = new KeyRooms(_book, owner.Claim, allotments, () => Now, EndAsOwner);
    }

    private async Task<AdmissionDecision> ReserveWithRoomAsync(ReserveRequest request, ImmutableArray<RoomShortage> shortages)
    {
        try
        {
            return await _rooms!.DecideAsync(shortages, RecallAsync, recalled => Decide(request, recalled))
                ?? new AdmissionDecision { Refusal = Overloaded };
        }
        catch (Exception exception)
        {
            LogNotTold(logger, exception, Id);
            return new AdmissionDecision { Refusal = OwnerChanging };
        }
    }

    private Task<RecalledRoom> RecallAsync(AccountLimit limit) =>
        GrainFactory.GetGrain<IAllotmentGrain>(limit.Account.ToGrainKey()).RecallAsync(limit.Key, _book.WindowEndOf(limit.Key, Now));

    /// <summary>The next activation is asked instead.</summary>
    private void EndAsOwner(ClaimLostException exception)
    {
        _calls.StepDown(exception);
        _calls.ThrowIfSteppedDown();
    }

    /// <summary>Tells what calls have used beyond what was allotted for them, and when all of it is used up.</summary>
    private void TellUsed(Instant now)
    {
        if (_settings is not { } settings || _rooms is null)
        {
            return;
        }

        var path = hierarchy.Current.PathOf(settings.User);
        if (_book.Untold(path, now) is { Count: > 0 } untold)
        {
            Tell(untold);
        }

        if (_book.UntoldOfLeft(path, now) is { Count: > 0 } left)
        {
            GiveBack(left);
        }
    }

    private void Tell(IReadOnlyList<AccountLimit> untold) =>
        InTurn(rooms => rooms.TellAsync(untold.Select(static limit => new RoomShortage(limit, 0))));

    private void GiveBack(IReadOnlyList<(LimitKey Limit, DateTimeOffset WindowEnd)> left) => InTurn(rooms => rooms.GiveBackAsync(left));

    private void AskAhead(ImmutableArray<RoomShortage> shortages) => InTurn(rooms => rooms.AskAheadAsync(shortages));

    /// <summary>In a turn: what is answered changes the book.</summary>
    private void InTurn(Func<KeyRooms, Task> ask) => _ = _turns.RunAsync(() => TryAsync(() => ask(_rooms!)));

    private async Task TryAsync(Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception exception)
        {
            LogNotTold(logger, exception, Id);
        }
    }

    /// <summary>Gives back what the key will not use; else it is recalled when it is missed.</summary>
    private async Task GiveBackAsync(CancellationToken cancellationToken)
    {
        if (_rooms is null || _gate is null or { IsShut: true } || _calls.IsSteppedDown || cancellationToken.IsCancellationRequested)
        {
            return;
        }

        await TryAsync(() => _rooms.GiveBackAllAsync().WaitAsync(cancellationToken));
    }
}
