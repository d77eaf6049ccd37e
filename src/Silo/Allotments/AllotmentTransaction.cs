using System.Collections.Immutable;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Silo.Ownership;
using Relay.Silo.Storage;

namespace Relay.Silo.Allotments;

/// <summary>One transaction that answers asks: it has the rows of their windows, in order, and of their keys' owners until it ends.</summary>
internal sealed class AllotmentTransaction(IRelayDatabase database, DataConnection connection, IReadOnlyList<int> warnAt)
{
    private readonly Dictionary<(string LimitId, long WindowEnd), WindowAccount> _windows = [];
    private readonly Dictionary<(string LimitId, long WindowEnd, string KeyId), Allotment> _rows = [];
    private readonly Dictionary<(string LimitId, long WindowEnd, string KeyId), Allotment> _changed = [];

    public async Task<IReadOnlyList<KeyAnswer>> AnswerAsync(IReadOnlyList<KeyAsk> asks, CancellationToken cancellationToken)
    {
        var windows = asks.SelectMany(static ask => ask.Rooms).Select(WindowOf).Distinct()
            .OrderBy(static window => window.LimitId, StringComparer.Ordinal)
            .ThenBy(static window => window.WindowEnd);
        foreach (var (limitId, windowEnd) in windows)
        {
            await LockWindowAsync(limitId, windowEnd, cancellationToken);
        }

        var owners = await LockOwnersAsync(asks, cancellationToken);
        await ReadRowsAsync(asks, cancellationToken);
        List<KeyAnswer> answers = [.. asks.Select(ask => Answer(ask, owners))];
        await WriteAsync(cancellationToken);
        return answers;
    }

    private static (string LimitId, long WindowEnd) WindowOf(RoomAsk ask) => (LimitId.Of(ask.Limit), LimitId.WindowEndOf(ask.WindowEnd));

    /// <summary>Writes what is there: an update takes the row's lock in every database.</summary>
    private async Task LockWindowAsync(string limitId, long windowEnd, CancellationToken cancellationToken)
    {
        var window = connection.GetTable<AllotmentWindowRow>().Where(row => row.LimitId == limitId && row.WindowEnd == windowEnd);
        if (await window.Set(row => row.Allotted, row => row.Allotted).UpdateAsync(cancellationToken) > 0)
        {
            var row = await window.FirstAsync(cancellationToken);
            _windows.Add((limitId, windowEnd), new WindowAccount(row.Allotted, row.Used, row.Warned));
        }
    }

    /// <summary>The epochs of those keys that the silo owns: nobody else can claim them until the transaction ends.</summary>
    private async Task<Dictionary<string, long>> LockOwnersAsync(IReadOnlyList<KeyAsk> asks, CancellationToken cancellationToken)
    {
        var epochs = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var silo in asks.GroupBy(static ask => ask.Owner.Silo, StringComparer.Ordinal))
        {
            var keys = silo.Select(static ask => ask.Owner.KeyId).Distinct(StringComparer.Ordinal).ToList();
            var siloId = silo.Key;
            var owned = connection.GetTable<KeyOwnerRow>().Where(row => row.SiloId == siloId && row.Released == 0 && keys.Contains(row.KeyId));
            await owned.Set(row => row.Released, 0).UpdateAsync(cancellationToken);
            foreach (var row in await owned.ToListAsync(cancellationToken))
            {
                epochs[row.KeyId] = row.Epoch;
            }
        }

        return epochs;
    }

    private async Task ReadRowsAsync(IReadOnlyList<KeyAsk> asks, CancellationToken cancellationToken)
    {
        foreach (var ((limitId, windowEnd), _) in _windows)
        {
            var keys = asks
                .Where(ask => ask.Rooms.Any(room => WindowOf(room) == (limitId, windowEnd)))
                .Select(static ask => ask.Owner.KeyId)
                .ToList();
            var rows = await connection.GetTable<AllotmentRow>()
                .Where(row => row.LimitId == limitId && row.WindowEnd == windowEnd && keys.Contains(row.KeyId))
                .ToListAsync(cancellationToken);
            foreach (var row in rows)
            {
                _rows.Add((limitId, windowEnd, row.KeyId), row.ToAllotment());
            }
        }
    }

    private KeyAnswer Answer(KeyAsk ask, Dictionary<string, long> owners)
    {
        var notOpen = ask.Rooms.Where(room => !_windows.ContainsKey(WindowOf(room))).ToImmutableArray();
        if (!notOpen.IsEmpty)
        {
            return new KeyAnswer { NotOpen = notOpen };
        }

        var keyId = ask.Owner.KeyId;
        if (!owners.TryGetValue(keyId, out var epoch) || epoch != ask.Owner.Epoch)
        {
            return new KeyAnswer { IsClaimLost = true };
        }

        var answers = ImmutableArray.CreateBuilder<RoomAnswer>(ask.Rooms.Count);
        var warnings = ImmutableArray.CreateBuilder<LimitWarning>(0);
        foreach (var room in ask.Rooms)
        {
            var (limitId, windowEnd) = WindowOf(room);
            var current = Current((limitId, windowEnd, keyId));
            var (row, answer, warning) = _windows[(limitId, windowEnd)].Decide(room, current, warnAt);
            answers.Add(answer);
            if (row != current)
            {
                _changed[(limitId, windowEnd, keyId)] = row;
            }

            if (warning is not null)
            {
                warnings.Add(warning);
            }
        }

        return new KeyAnswer { Rooms = answers.ToImmutable(), Warnings = warnings.ToImmutable() };
    }

    private Allotment Current((string LimitId, long WindowEnd, string KeyId) id) =>
        _changed.TryGetValue(id, out var changed) ? changed : _rows.GetValueOrDefault(id, new Allotment(id.KeyId, 0, 0));

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        // All at once, those that are there too: to change them one by one takes a statement for each, and what many keys ask for in one moment,
        // as when a window begins, would hold up whoever else writes.
        foreach (var stored in _changed.Keys.Where(_rows.ContainsKey).GroupBy(static id => (id.LimitId, id.WindowEnd), static id => id.KeyId))
        {
            var ((limitId, windowEnd), keys) = (stored.Key, stored.ToList());
            await connection.GetTable<AllotmentRow>()
                .Where(row => row.LimitId == limitId && row.WindowEnd == windowEnd && keys.Contains(row.KeyId))
                .DeleteAsync(cancellationToken);
        }

        if (_changed.Count > 0)
        {
            List<AllotmentRow> rows =
            [
                .. _changed.Select(static change => new AllotmentRow
                {
                    LimitId = change.Key.LimitId,
                    WindowEnd = change.Key.WindowEnd,
                    KeyId = change.Key.KeyId,
                    Ceiling = change.Value.Ceiling,
                    Used = change.Value.Used,
                }),
            ];
            await database.InsertAsync(connection, rows, cancellationToken);
        }

        foreach (var ((limitId, windowEnd), account) in _windows.Where(static window => window.Value.IsChanged))
        {
            var (allotted, used, warned, wouldRefuse) = (account.Allotted, account.Used, account.Warned, account.WouldRefuse);
            await connection.GetTable<AllotmentWindowRow>()
                .Where(stored => stored.LimitId == limitId && stored.WindowEnd == windowEnd)
                .Set(stored => stored.Allotted, allotted)
                .Set(stored => stored.Used, used)
                .Set(stored => stored.Warned, warned)
                .Set(stored => stored.WouldRefuse, stored => stored.WouldRefuse + wouldRefuse)
                .UpdateAsync(cancellationToken);
        }
    }
}
