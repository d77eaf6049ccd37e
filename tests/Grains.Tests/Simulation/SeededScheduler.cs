namespace Relay.Grains.Tests.Simulation;

/// <summary>Runs all that is ready on one thread, in an order that its seed decides: the same seed gives the same run.</summary>
internal sealed class SeededScheduler(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(SimulatedProcess Process, Action Work)> _ready = [];

    /// <summary>How much has run.</summary>
    public int Steps { get; private set; }

    /// <summary>Whether something is ready in a process that is not stopped.</summary>
    public bool HasAwake => _ready.Exists(item => item.Process is { IsDead: false } && item.Process.PausedUntil <= Steps);

    /// <summary>A number from 0 to below the given one.</summary>
    public int Next(int below) => _random.Next(below);

    /// <summary>True so many times out of a hundred.</summary>
    public bool Chance(int percent) => Next(100) < percent;

    /// <summary>Makes work ready.</summary>
    public void Add(SimulatedProcess process, Action work) => _ready.Add((process, work));

    /// <summary>Lets others run: up to that many times.</summary>
    public async Task WaitAsync(int turnsMax)
    {
        for (var turns = Next(turnsMax + 1); turns > 0; turns--)
        {
            await Task.Yield();
        }
    }

    /// <summary>Runs one thing. False when nothing is ready.</summary>
    public bool RunOne()
    {
        Steps++;
        _ready.RemoveAll(static item => item.Process.IsDead);
        if (_ready.Count == 0)
        {
            return false;
        }

        var awake = Enumerable.Range(0, _ready.Count).Where(i => _ready[i].Process.PausedUntil <= Steps).ToList();
        if (awake.Count > 0)
        {
            var index = awake[Next(awake.Count)];
            var (process, work) = _ready[index];
            _ready.RemoveAt(index);
            process.Run(work);
        }

        return true;
    }
}
