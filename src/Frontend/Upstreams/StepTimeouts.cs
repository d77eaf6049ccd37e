using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Relay.Frontend.Upstreams;

/// <summary>
/// Bounds of steps that nearly always end long before. Steps of one length that begin at about the same time share a timer, so that calls which run
/// side by side need none of their own. A step may be ended up to a twentieth of its length early.
/// </summary>
internal sealed class StepTimeouts(TimeProvider time)
{
    // One for each length in the settings.
    private readonly ConcurrentDictionary<TimeSpan, Lane> _lanes = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Begins a step, which must be ended.</summary>
    /// <param name="length">How long it may take.</param>
    /// <param name="expired">Called when it has taken that long, on any thread.</param>
    /// <param name="state">Given to it.</param>
    public Step Begin(TimeSpan length, Action<object?> expired, object state)
    {
        var lane = _lanes.GetOrAdd(length, static (length, time) => new Lane(length, time), time);
        var bound = lane.Enter();
        return new Step(lane, bound, bound.Token.UnsafeRegister(expired, state));
    }

    /// <summary>A step that has begun; the default for none.</summary>
    public readonly struct Step
    {
        private readonly Lane? _lane;
        private readonly Bound? _bound;
        private readonly CancellationTokenRegistration _expiry;

        internal Step(Lane lane, Bound bound, CancellationTokenRegistration expiry) => (_lane, _bound, _expiry) = (lane, bound, expiry);

        /// <summary>Ends it, once. Does not wait for a call that is being made because it took too long.</summary>
        public void End()
        {
            _expiry.Unregister();
            _lane?.Leave(_bound!);
        }
    }

    /// <summary>The steps of one length.</summary>
    internal sealed class Lane(TimeSpan length, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private readonly TimeSpan _shared = length / 20;
        private Bound? _newest;

        public Bound Enter()
        {
            lock (_lock)
            {
                if (_newest is null || (_newest.Steps > 0 && time.GetElapsedTime(_newest.BegunAt) >= _shared))
                {
                    _newest = new Bound(time);
                }

                if (_newest.Steps++ == 0)
                {
                    _newest.Begin(length, time.GetTimestamp());
                }

                return _newest;
            }
        }

        public void Leave(Bound bound)
        {
            lock (_lock)
            {
                if (--bound.Steps > 0)
                {
                    return;
                }

                // Of one that is about to go off, the runtime may have called the timer already: no other step may begin with it.
                if (bound == _newest && time.GetElapsedTime(bound.BegunAt) >= _shared)
                {
                    _newest = null;
                }

                bound.End(isLast: bound != _newest);
            }
        }
    }

    /// <summary>A timer, and the steps that share it.</summary>
    [SuppressMessage("Reliability", "CA1001", Justification = "Its last step disposes of what it has, or its timer has gone off.")]
    internal sealed class Bound(TimeProvider time)
    {
        private readonly CancellationTokenSource _expiry = new(Timeout.InfiniteTimeSpan, time);

        public CancellationToken Token => _expiry.Token;

        public int Steps { get; set; }

        public long BegunAt { get; private set; }

        public void Begin(TimeSpan length, long now)
        {
            BegunAt = now;
            _expiry.CancelAfter(length);
        }

        /// <summary>Stops the timer; for good, if no step will begin with it any more.</summary>
        public void End(bool isLast)
        {
            _expiry.CancelAfter(Timeout.InfiniteTimeSpan);
            if (isLast)
            {
                _expiry.Dispose();
            }
        }
    }
}
