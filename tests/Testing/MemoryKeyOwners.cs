using System.Collections.Immutable;
using Relay.Grains.Admission;
using Relay.Grains.Ownership;

namespace Relay.Testing;

/// <summary>The owners of keys in memory, with the database's rules.</summary>
public sealed class MemoryKeyOwners : IKeyOwners
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _leases = new(StringComparer.Ordinal);
    private readonly HashSet<KeyClaim> _lost = [];
    private TaskCompletionSource? _blockedLeases;
    private Func<KeyClaim, Task> _beforeAnswering = static _ => Task.CompletedTask;

    /// <summary>Lets no silo hear of its lease until <see cref="UnblockLeases"/>, though it is renewed.</summary>
    public void BlockLeases() => _blockedLeases = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets the waiting leases go on.</summary>
    public void UnblockLeases()
    {
        _blockedLeases?.SetResult();
        _blockedLeases = null;
    }

    /// <summary>What each claim that is made awaits before its silo hears of it; nothing by default.</summary>
    public void BeforeAnsweringClaims(Func<KeyClaim, Task> wait) => _beforeAnswering = wait;

    /// <summary>Forgets a silo, as one that was silent for a day is forgotten.</summary>
    public void ForgetLease(string silo)
    {
        lock (_lock)
        {
            _leases.Remove(silo);
            _lost.RemoveWhere(claim => string.Equals(claim.Silo, silo, StringComparison.Ordinal));
        }
    }

    /// <inheritdoc />
    public async Task<ClaimedKey> ClaimAsync(string keyId, string silo, CancellationToken cancellationToken)
    {
        ClaimedKey claimed;
        lock (_lock)
        {
            var row = _rows.GetValueOrDefault(keyId);
            var previous = row is null or { IsReleased: true, Holds: not null } ? PreviousOwner.HandedOver
                : row.IsReleased || string.Equals(row.Claim.Silo, silo, StringComparison.Ordinal) ? PreviousOwner.Stopped
                : PreviousOwner.Unknown;
            if (previous == PreviousOwner.Unknown && _leases.ContainsKey(row!.Claim.Silo))
            {
                _lost.Add(row.Claim);
            }

            var claim = new KeyClaim(keyId, silo, (row?.Claim.Epoch ?? 0) + 1);
            _rows[keyId] = new Row(claim, IsReleased: false, Holds: null);
            claimed = new ClaimedKey(claim, previous, previous == PreviousOwner.HandedOver ? row?.Holds ?? [] : []);
        }

        await _beforeAnswering(claimed.Claim);
        return claimed;
    }

    /// <inheritdoc />
    public Task ReleaseAsync(KeyClaim claim, ImmutableArray<HoldRenewal>? holds, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(claim.KeyId, out var row) && row.Claim == claim)
            {
                _rows[claim.KeyId] = new Row(claim, IsReleased: true, holds);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task<IReadOnlyList<KeyClaim>?> RenewLeaseAsync(
        string silo, long generation, IReadOnlyList<KeyClaim> known, CancellationToken cancellationToken)
    {
        List<KeyClaim>? lost = null;
        lock (_lock)
        {
            if (_leases.GetValueOrDefault(silo, -1) != generation)
            {
                _leases[silo] = generation + 1;
            }
            else
            {
                _lost.ExceptWith(known);
                lost = [.. _lost.Where(claim => string.Equals(claim.Silo, silo, StringComparison.Ordinal))];
            }
        }

        await (_blockedLeases?.Task ?? Task.CompletedTask).WaitAsync(cancellationToken);
        return lost;
    }

    /// <inheritdoc />
    public Task EndLeaseAsync(string silo, CancellationToken cancellationToken)
    {
        ForgetLease(silo);
        return Task.CompletedTask;
    }

    private sealed record Row(KeyClaim Claim, bool IsReleased, ImmutableArray<HoldRenewal>? Holds);
}
