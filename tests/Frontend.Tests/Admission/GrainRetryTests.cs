using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Grains.Admission;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;

namespace Relay.Frontend.Tests.Admission;

public sealed class GrainRetryTests
{
    [Fact]
    public async Task Reserve_ProcessWasFrozenUntilTheAnswerWasOld_TakesTheNextOne()
    {
        var clock = new JumpedClock();
        var retry = new GrainRetry(clock, Options.Create(new AdmissionOptions()), Options.Create(new OwnershipOptions { RenewSeconds = 60 }));
        var key = ScriptedKey.Create(asked =>
        {
            if (asked == 1)
            {
                clock.Jump(TimeSpan.FromSeconds(31));
            }

            return new AdmissionDecision { OutputTokensHeld = asked };
        });

        var answer = await retry.ReserveAsync(key, local: null, Request());

        Assert.Equal((2L, 2, false), (answer.Decision.OutputTokensHeld, answer.Tries, answer.IsLate));
    }

    [Fact]
    public async Task Reserve_GrainFoundNoPlaceInTime_AsksAgain()
    {
        var retry = new GrainRetry(TimeProvider.System, Options.Create(new AdmissionOptions()), Options.Create(new OwnershipOptions()));
        var key = ScriptedKey.Create(static asked => asked == 1
            ? throw new OperationCanceledException("Message expired before placement could complete.")
            : new AdmissionDecision { OutputTokensHeld = asked });

        var answer = await retry.ReserveAsync(key, local: null, Request());

        Assert.Equal((2L, 2), (answer.Decision.OutputTokensHeld, answer.Tries));
    }

    [Fact]
    public async Task Ask_WhoeverAsksCancels_EndsAtOnce()
    {
        var retry = new GrainRetry(TimeProvider.System, Options.Create(new AdmissionOptions()), Options.Create(new OwnershipOptions()));
        using var cancelled = new CancellationTokenSource();
        var asked = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retry.AskAsync<int>(
            async () =>
            {
                asked++;
                await cancelled.CancelAsync();
                throw new OperationCanceledException(cancelled.Token);
            },
            cancelled.Token));

        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task Reserve_ProcessWasFrozenWhileTheKeyInItDecided_AsksTheGrain()
    {
        var clock = new JumpedClock();
        var retry = new GrainRetry(clock, Options.Create(new AdmissionOptions()), Options.Create(new OwnershipOptions { RenewSeconds = 60 }));
        var local = new FrozenKey(() => clock.Jump(TimeSpan.FromSeconds(31)));

        var answer = await retry.ReserveAsync(ScriptedKey.Create(static asked => new AdmissionDecision { OutputTokensHeld = asked }), local, Request());

        Assert.Equal((1L, 2, false), (answer.Decision.OutputTokensHeld, answer.Tries, answer.IsLate));
    }

    private static ReserveRequest Request() => new()
    {
        RequestId = Guid.NewGuid(),
        KeyHash = default,
        Endpoint = "/v1/chat/completions",
        Model = "gpt-4o",
        InputTokensEstimated = 1,
    };

    /// <summary>A key of this process that decides, but not until something has happened.</summary>
    private sealed class FrozenKey(Action happens) : ILocalKey
    {
        public AdmissionDecision? TryReserve(ReserveRequest request)
        {
            happens();
            return new AdmissionDecision { OutputTokensHeld = 1_000 };
        }

        public bool TrySettle(Settlement settlement, [NotNullWhen(true)] out Task<SettleResult>? settled)
        {
            settled = null;
            return false;
        }
    }

    /// <summary>The system's clock, on which time passes at once, before any timer has noticed.</summary>
    private sealed class JumpedClock : TimeProvider
    {
        private long _jumped;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _jumped);

        public void Jump(TimeSpan time) => Interlocked.Add(ref _jumped, (long)(time.TotalSeconds * TimestampFrequency));
    }

    /// <summary>A key's grain that answers reserves by what the test says of the first, the second and so on.</summary>
    public class ScriptedKey : DispatchProxy
    {
        private Func<int, AdmissionDecision> _answer = null!;
        private int _asked;

        internal static IKeyGrain Create(Func<int, AdmissionDecision> answer)
        {
            var key = Create<IKeyGrain, ScriptedKey>();
            ((ScriptedKey)key)._answer = answer;
            return key;
        }

        /// <inheritdoc />
        protected override object Invoke(MethodInfo? targetMethod, object?[]? args) =>
            string.Equals(targetMethod!.Name, nameof(IKeyGrain.ReserveAsync), StringComparison.Ordinal)
                ? new ValueTask<AdmissionDecision>(_answer(++_asked))
                : throw new NotSupportedException($"No test asks for {targetMethod.Name}.");
    }
}
