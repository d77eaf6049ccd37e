using Relay.Grains.Accounts;
using Relay.Grains.Usage;

namespace Relay.Grains.Quotas;

/// <summary>One kind of window: its current bounds and its counters by owner and requested model, whether limited or not.</summary>
internal sealed class WindowCounts(Window window, TimeZoneInfo zone)
{
    /// <summary>How many models are told apart in one window; a client chooses the names, so there must be an end to them.</summary>
    public const int ModelsMax = 200;

    /// <summary>Where the models past <see cref="ModelsMax"/> are booked. It matches every pattern: a limit counts too much rather than too little.</summary>
    public const string OtherModels = "(other)";

    // Up to so many are looked through. Most keys' calls are of one owner and one model, and there may be very many keys.
    private const int UnindexedMax = 8;

    private readonly List<ModelCount> _counts = [];
    private Dictionary<(CallOwner Owner, string Model), ModelCount>? _index;

    // Kept from when there may be too many of them.
    private HashSet<string>? _models;

    // The end is the earliest instant, so that the first look at a clock begins a window.
    private WindowBounds _bounds = new(DateTimeOffset.MinValue, window == Window.Total ? null : DateTimeOffset.MinValue);

    /// <summary>When the current window ends; null when it never does.</summary>
    public DateTimeOffset? End => _bounds.End;

    /// <summary>The current window.</summary>
    public WindowBounds Bounds => _bounds;

    /// <summary>Begins a new window once the current one is over; never goes back. True when it has begun one, with new counters.</summary>
    public bool Advance(DateTimeOffset latest)
    {
        if (_bounds.End is not { } end || latest < end)
        {
            return false;
        }

        _bounds = WindowBounds.Of(window, latest, zone);
        _counts.Clear();
        (_index, _models) = (null, null);
        return true;
    }

    /// <summary>Whether a call reserved then belongs to the current window. No call is newer than the latest advance.</summary>
    public bool Contains(DateTimeOffset reservedAt) => reservedAt >= _bounds.Start;

    /// <summary>The counters under which an owner's calls of a model are booked.</summary>
    public ModelCount CountOf(CallOwner owner, string model)
    {
        var name = NameOf(model);
        if (Find(owner, name) is not { } count)
        {
            Add(count = new ModelCount(owner, name));
        }

        return count;
    }

    /// <summary>Whether a limit of this window is about calls of that model.</summary>
    public bool Covers(string? pattern, string model) => pattern is null || Matches(pattern, NameOf(model));

    /// <summary>
    /// Of one metric, of the models that the pattern matches and of an account's calls, or of all: what the ledger has, where a correction without what it
    /// corrects frees nothing; and what calls in flight hold, and what is on its way to the ledger.
    /// </summary>
    public (long Used, long Held) Taken(Metric metric, string? pattern, AccountId? account)
    {
        var (used, held) = (default(Amounts), default(Amounts));
        foreach (var count in _counts)
        {
            if ((account is not { } id || count.Owner.IsPartOf(id)) && Matches(pattern, count.Model))
            {
                used += Amounts.Of(count.Used);
                held += count.Held + count.Pending;
            }
        }

        return (used.AtLeastZero().Of(metric), held.Of(metric));
    }

    /// <summary>The models that used anything, ordered by name.</summary>
    public IEnumerable<ModelTotals> ByModel() => _counts
        .Where(static count => count.Used != default)
        .GroupBy(static count => count.Model, static count => count.Used, StringComparer.Ordinal)
        .OrderBy(static group => group.Key, StringComparer.Ordinal)
        .Select(static group => new ModelTotals(group.Key, group.Aggregate(static (sum, one) => sum + one)));

    /// <summary>The committed part, for a snapshot.</summary>
    public WindowState ToState() => new()
    {
        Window = window,
        Start = _bounds.Start,
        End = _bounds.End,
        Models = _counts
            .Where(static count => count.Used != default)
            .OrderBy(static count => count.Model, StringComparer.Ordinal)
            .ThenBy(static count => count.Owner.User, StringComparer.Ordinal)
            .ThenBy(static count => count.Owner.Team, StringComparer.Ordinal)
            .Select(static count => ModelState.Of(count.Owner, count.Model, count.Used))
            .ToList(),
    };

    /// <summary>Takes over a snapshot's window.</summary>
    public void Restore(WindowState state)
    {
        _bounds = new WindowBounds(state.Start, state.End);
        foreach (var model in state.Models)
        {
            var owner = new CallOwner(model.User, model.Team);
            if (Find(owner, model.Model) is { } count)
            {
                count.Add(default, default, model.ToTotals());
            }
            else
            {
                Add(new ModelCount(owner, model.Model, model.ToTotals()));
            }
        }
    }

    private static bool Matches(string? pattern, string name) =>
        pattern is null
        || string.Equals(name, OtherModels, StringComparison.Ordinal)
        || ModelPattern.Matches(pattern, name);

    private string NameOf(string model)
    {
        // As many counters are of at least as many models.
        if (_counts.Count < ModelsMax)
        {
            return model;
        }

        _models ??= _counts.Select(static count => count.Model).ToHashSet(StringComparer.Ordinal);
        return _models.Contains(model) || _models.Count < ModelsMax ? model : OtherModels;
    }

    private ModelCount? Find(CallOwner owner, string name)
    {
        if (_index is not null)
        {
            return _index.GetValueOrDefault((owner, name));
        }

        foreach (var count in _counts)
        {
            if (count.Owner == owner && string.Equals(count.Model, name, StringComparison.Ordinal))
            {
                return count;
            }
        }

        return null;
    }

    private void Add(ModelCount count)
    {
        _counts.Add(count);
        _models?.Add(count.Model);
        if (_index is not null)
        {
            _index.Add((count.Owner, count.Model), count);
        }
        else if (_counts.Count > UnindexedMax)
        {
            _index = _counts.ToDictionary(static known => (known.Owner, known.Model));
        }
    }
}
