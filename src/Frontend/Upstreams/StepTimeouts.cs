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
    private readonly ConcurrentDictionary<TimeSpan, Step.Lane> _lanes = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Begins a step, which must be ended.</summary>
    /// <param name="length">How long it may take.</param>
    /// <param name="step">The step; the one before it has ended.</param>
    public void Begin(TimeSpan length, Step step) => _lanes.GetOrAdd(length, static (length, time) => new Step.Lane(length, time), time).Enter(step);

    /// <summary>What takes one step after the other. It stands itself in the list of those that share a timer.</summary>
    internal abstract class Step
    {
        // All three are the lane's, and change under its lock.
        private Bound? _bound;
        private Step? _before;
        private Step? _after;

        /// <summary>Ends the step, if there is one. Does not wait for <see cref="Expire"/> where it has taken too long.</summary>
        public void End()
        {
            if (Volatile.Read(ref _bound) is { } bound)
            {
                bound.Lane.Leave(bound, this);
            }
        }

        /// <summary>The step has taken too long. Called on any thread.</summary>
        protected abstract void Expire();

        /// <summary>The steps that share a timer.</summary>
        [SuppressMessage("Reliability", "CA1001", Justification = "Its last step disposes of the timer, or that has gone off.")]
        internal sealed class Bound(Lane lane)
        {
            private ITimer? _timer;
            private Step? _first;

            public Lane Lane { get; } = lane;

            public bool IsEmpty => _first is null;

            public long BegunAt { get; private set; }

            public void Add(Step step)
            {
                (step._bound, step._before, step._after) = (this, null, _first);
                if (_first is not null)
                {
                    _first._before = step;
                }

                _first = step;
            }

            /// <summary>False when it has expired, or ended, meanwhile.</summary>
            public bool Remove(Step step)
            {
                if (step._bound != this)
                {
                    return false;
                }

                if (step._before is null)
                {
                    _first = step._after;
                }
                else
                {
                    step._before._after = step._after;
                }

                if (step._after is not null)
                {
                    step._after._before = step._before;
                }

                (step._bound, step._before, step._after) = (null, null, null);
                return true;
            }

            /// <summary>Takes all its steps out.</summary>
            public List<Step> RemoveAll()
            {
                var steps = new List<Step>();
                while (_first is { } step)
                {
                    Remove(step);
                    steps.Add(step);
                }

                return steps;
            }

            public void Begin(TimeSpan length, TimeProvider time)
            {
                BegunAt = time.GetTimestamp();
                _timer ??= time.CreateTimer(
                    static state => ((Bound)state!).Lane.Expire((Bound)state), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(length, Timeout.InfiniteTimeSpan);
            }

            /// <summary>Stops the timer; for good, if no step will begin with it any more.</summary>
            public void Stop(bool isLast)
            {
                _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                if (isLast)
                {
                    _timer.Dispose();
                }
            }
        }

        /// <summary>The steps of one length.</summary>
        internal sealed class Lane(TimeSpan length, TimeProvider time)
        {
            private readonly Lock _lock = new();
            private readonly TimeSpan _shared = length / 20;
            private Bound? _newest;

            public void Enter(Step step)
            {
                lock (_lock)
                {
                    if (_newest is null || (!_newest.IsEmpty && IsOld(_newest)))
                    {
                        _newest = new Bound(this);
                    }

                    if (_newest.IsEmpty)
                    {
                        _newest.Begin(length, time);
                    }

                    _newest.Add(step);
                }
            }

            public void Leave(Bound bound, Step step)
            {
                lock (_lock)
                {
                    if (!bound.Remove(step) || !bound.IsEmpty)
                    {
                        return;
                    }

                    // Of one that is about to go off, the runtime may have called the timer already: no other step may begin with it.
                    if (bound == _newest && IsOld(bound))
                    {
                        _newest = null;
                    }

                    bound.Stop(isLast: bound != _newest);
                }
            }

            public void Expire(Bound bound)
            {
                List<Step> steps;
                lock (_lock)
                {
                    steps = bound.RemoveAll();
                    _newest = bound == _newest ? null : _newest;
                    bound.Stop(isLast: true);
                }

                steps.ForEach(static step => step.Expire());
            }

            private bool IsOld(Bound bound) => time.GetElapsedTime(bound.BegunAt) >= _shared;
        }
    }
}
