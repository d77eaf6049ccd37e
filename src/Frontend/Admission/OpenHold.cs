using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admission;

/// <summary>
/// The hold of a call that is running. It ends exactly once, by <see cref="SettleAsync"/> or <see cref="ReleaseAsync"/>;
/// until then <see cref="HoldRenewer"/> renews it.
/// </summary>
internal sealed class OpenHold(AdmissionClient client, IKeyGrain key, string keyId, CallFacts facts) : IDisposable
{
    private long _outputTokensSoFar;

    /// <summary>The call, as it was reserved.</summary>
    public CallFacts Facts { get; } = facts;

    /// <summary>To how many tokens the output of each choice must be capped upstream; null when the request may go as it is.</summary>
    public long? OutputTokensCap { get; init; }

    /// <summary>The key that pays.</summary>
    public string KeyId { get; } = keyId;

    /// <summary>The key's grain.</summary>
    public IKeyGrain Key { get; } = key;

    /// <summary>Tells how far the call is: what would be booked if this process died now.</summary>
    public void Progress(long outputTokens) => Volatile.Write(ref _outputTokensSoFar, outputTokens);

    /// <summary>The message that keeps the hold alive.</summary>
    public HoldRenewal ToRenewal() => new(
        Facts,
        new TokenUsage { InputTokens = Facts.InputTokensHeld, OutputTokens = Volatile.Read(ref _outputTokensSoFar) });

    /// <summary>Replaces the hold by the count. False when the count could be made durable neither in the ledger nor in the outbox.</summary>
    public Task<bool> SettleAsync(Settlement settlement) => client.SettleAsync(this, settlement);

    /// <summary>Drops the hold of a call that never reached an upstream.</summary>
    public Task ReleaseAsync() => client.ReleaseAsync(this);

    /// <summary>A hold that neither way ended is renewed no more: it expires at what it had told.</summary>
    public void Dispose() => client.Forget(this);
}
