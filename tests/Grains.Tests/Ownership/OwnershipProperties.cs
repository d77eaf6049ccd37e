using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Relay.Grains.Admission;
using Relay.Grains.Ownership;
using Relay.Testing;

namespace Relay.Grains.Tests.Ownership;

/// <summary>Whatever silos do and whenever they hear of it, a key has at most one owner that admits.</summary>
public sealed class OwnershipProperties
{
    private const string Key = "key_0000000000000001";
    private const int Silos = 3;

    private enum Act
    {
        Claim,
        ClaimUnheard,
        Release,
        StepDown,
        Ask,
        Hear,
        Wait,
        Forget,
    }

    [Fact]
    public Task Admission_AnyOrderOfEvents_HasOneOwner() => Gen
        .Select(Gen.Enum<Act>(), Gen.Int[0, Silos - 1], Gen.Int[1, 3_000])
        .Array[1, 80]
        .SampleAsync(RunAsync, iter: 3_000);

    private static async Task<bool> RunAsync((Act Act, int Silo, int Milliseconds)[] events)
    {
        var time = new FakeTimeProvider();
        var owners = new HeardLater(new MemoryKeyOwners());
        var leases = Enumerable.Range(0, Silos).Select(_ => new OwnerLease(
            owners,
            Options.Create(new OwnershipOptions { LeaseSeconds = 1, RenewSeconds = 0.5 }),
            SiloKind.Member,
            static _ => Task.CompletedTask,
            time,
            NullLogger<OwnerLease>.Instance)).ToArray();
        var activations = new KeyOwner?[Silos];
        var asked = new Task?[Silos];
        foreach (var (act, silo, milliseconds) in events)
        {
            var lease = leases[silo];
            switch (act)
            {
                case Act.Claim:
                    (activations[silo], _) = await lease.ClaimAsync(Key, default);
                    break;
                case Act.ClaimUnheard:
                    owners.LosesNextAnswer = true;
                    activations[silo] = null;
                    await Assert.ThrowsAsync<IOException>(() => lease.ClaimAsync(Key, default));
                    break;
                case Act.Release or Act.StepDown when activations[silo] is { } owner:
                    activations[silo] = null;
                    await lease.ReleaseAsync(owner, act == Act.Release ? [] : null, default);
                    break;
                case Act.Ask when asked[silo] is null or { IsCompleted: true }:
                    asked[silo] = lease.RenewAsync(default);
                    break;
                case Act.Hear:
                    owners.Answer(lease.Silo);
                    await (asked[silo] ?? Task.CompletedTask);
                    break;
                case Act.Wait:
                    time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                    break;
                case Act.Forget when !lease.IsGood:
                    // Only after a day of silence.
                    owners.Inner.ForgetLease(lease.Silo);
                    break;
            }

            if (activations.Count(static owner => owner is { IsLost: false, Wait: null }) > 1)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Answers about leases when it is told to, as of when they were asked for.</summary>
    private sealed class HeardLater(MemoryKeyOwners inner) : IKeyOwners
    {
        private readonly Dictionary<string, TaskCompletionSource> _unheard = new(StringComparer.Ordinal);

        public MemoryKeyOwners Inner => inner;

        public bool LosesNextAnswer { get; set; }

        public void Answer(string silo)
        {
            if (_unheard.Remove(silo, out var heard))
            {
                heard.SetResult();
            }
        }

        public async Task<ClaimedKey> ClaimAsync(string keyId, string silo, CancellationToken cancellationToken)
        {
            var claimed = await inner.ClaimAsync(keyId, silo, cancellationToken);
            if (LosesNextAnswer)
            {
                LosesNextAnswer = false;
                throw new IOException("The answer is lost, as the test told it to be.");
            }

            return claimed;
        }

        public Task ReleaseAsync(KeyClaim claim, System.Collections.Immutable.ImmutableArray<HoldRenewal>? holds, CancellationToken cancellationToken) =>
            inner.ReleaseAsync(claim, holds, cancellationToken);

        public async Task<IReadOnlyList<KeyClaim>?> RenewLeaseAsync(
            string silo, long generation, IReadOnlyList<KeyClaim> known, CancellationToken cancellationToken)
        {
            var heard = _unheard[silo] = new TaskCompletionSource();
            var answer = await inner.RenewLeaseAsync(silo, generation, known, cancellationToken);
            await heard.Task;
            return answer;
        }

        public Task EndLeaseAsync(string silo, CancellationToken cancellationToken) => inner.EndLeaseAsync(silo, cancellationToken);
    }
}
