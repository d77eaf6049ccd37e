using LinqToDB;
using LinqToDB.Data;
using LinqToDB.DataProvider.SQLite;
using Relay.Grains.Usage;
using Relay.Silo.Storage;

namespace Relay.Silo.Ledger;

/// <summary>
/// The query of a report: the hourly sums of the whole hours in its span, the entries of those hours that are in no sum yet, and
/// the entries of the broken hours at its ends. It must be read at one moment, so that no entry is counted twice or
/// missed while a silo adds to the sums.
/// </summary>
internal static class UsageReport
{
    // SQLite's own name for the primary key's index.
    private const string EntriesByKeyInSqlite = "sqlite_autoindex_usage_entries_1";

    /// <summary>The sums, in no order; without a grouping they are by endpoint, for databases differ in the type of a bare null.</summary>
    public static IQueryable<UsageSum> Sums(DataConnection connection, UsageQuery query)
    {
        var fromMs = query.From is { } from ? CeilingMs(from) : long.MinValue;
        var toMs = query.To is { } to ? CeilingMs(to) : long.MaxValue;
        var firstHour = query.From is null ? long.MinValue : UsageHourRow.HourStartOf(fromMs + UsageHourRow.HourMs - 1);
        var hoursEnd = query.To is null ? long.MaxValue : UsageHourRow.HourStartOf(toMs);
        var all = Asked(connection.GetTable<UsageEntryRow>(), query);
        if (firstHour >= hoursEnd)
        {
            return Sum(Lines(all.Where(row => row.ReservedAt >= fromMs && row.ReservedAt < toMs), query.GroupBy));
        }

        var hours = Asked(connection.GetTable<UsageHourRow>(), query).Where(row => row.HourStart >= firstHour && row.HourStart < hoursEnd);
        var newer = Asked(Newer(connection), query).Where(row => row.ReservedAt >= firstHour && row.ReservedAt < hoursEnd);
        var lines = Lines(hours, query.GroupBy).Concat(Lines(newer, query.GroupBy));
        if (fromMs < firstHour)
        {
            lines = lines.Concat(Lines(all.Where(row => row.ReservedAt >= fromMs && row.ReservedAt < firstHour), query.GroupBy));
        }

        if (hoursEnd < toMs)
        {
            lines = lines.Concat(Lines(all.Where(row => row.ReservedAt >= hoursEnd && row.ReservedAt < toMs), query.GroupBy));
        }

        return Sum(lines);
    }

    private static IQueryable<UsageEntryRow> Asked(IQueryable<UsageEntryRow> entries, UsageQuery query)
    {
        if (StoredText.CleanOrNull(query.User) is { } user)
        {
            entries = entries.Where(row => row.User == user);
        }

        if (StoredText.CleanOrNull(query.Team) is { } team)
        {
            entries = entries.Where(row => row.Team == team);
        }

        if (query.Models is { } models)
        {
            var stored = models.Select(StoredText.Clean).ToHashSet(StringComparer.Ordinal);
            entries = entries.Where(row => stored.Contains(row.Model));
        }

        return entries;
    }

    private static IQueryable<UsageHourRow> Asked(IQueryable<UsageHourRow> hours, UsageQuery query)
    {
        if (StoredText.CleanOrNull(query.User) is { } user)
        {
            hours = hours.Where(row => row.User == user);
        }

        if (StoredText.CleanOrNull(query.Team) is { } team)
        {
            hours = hours.Where(row => row.Team == team);
        }

        if (query.Models is { } models)
        {
            var stored = models.Select(StoredText.Clean).ToHashSet(StringComparer.Ordinal);
            hours = hours.Where(row => stored.Contains(row.Model));
        }

        return hours;
    }

    /// <summary>
    /// The entries that are in no sum yet, looked up key by key. A database would rather read the whole ledger, or all of it in the
    /// report's span, because it cannot know that a position has little after it. So a server gets a limit that is never reached,
    /// which keeps it from taking the look-up for a join, and SQLite is told in which order to go.
    /// </summary>
    private static IQueryable<UsageEntryRow> Newer(DataConnection connection)
    {
        var positions = connection.GetTable<UsagePositionRow>();
        var entries = connection.GetTable<UsageEntryRow>();
        return connection.DataProvider.SqlProviderFlags.IsApplyJoinSupported
            ? positions.SelectMany(
                position => entries
                    .Where(entry => entry.KeyId == position.KeyId && entry.Sequence > position.RolledUpSequence)
                    .Take(int.MaxValue),
                (_, entry) => entry)
            : positions.AsSQLite().NotIndexedHint().SelectMany(
                position => entries
                    .AsSQLite().IndexedByHint(EntriesByKeyInSqlite)
                    .Where(entry => entry.KeyId == position.KeyId && entry.Sequence > position.RolledUpSequence),
                (_, entry) => entry);
    }

    private static IQueryable<UsageSum> Sum(IQueryable<UsageLine> lines) => lines
        .GroupBy(line => line.Group)
        .Select(group => new UsageSum
        {
            Group = group.Key,
            Requests = group.Sum(line => line.Requests),
            InputTokens = group.Sum(line => line.InputTokens),
            CachedInputTokens = group.Sum(line => line.CachedInputTokens),
            AudioInputTokens = group.Sum(line => line.AudioInputTokens),
            OutputTokens = group.Sum(line => line.OutputTokens),
            ReasoningTokens = group.Sum(line => line.ReasoningTokens),
            AudioOutputTokens = group.Sum(line => line.AudioOutputTokens),
            CacheWriteInputTokens = group.Sum(line => line.CacheWriteInputTokens),
            CostNanoUsd = group.Sum(line => line.CostNanoUsd),
            PricedRequests = group.Sum(line => line.PricedRequests),
        });

    private static IQueryable<UsageLine> Lines(IQueryable<UsageEntryRow> entries, UsageGroup? groupBy) => entries.Select(row => new UsageLine
    {
        Group = groupBy == UsageGroup.User ? row.User
            : groupBy == UsageGroup.Key ? row.KeyId
            : groupBy == UsageGroup.Team ? row.Team
            : groupBy == UsageGroup.Model ? row.Model
            : row.Endpoint,
        Requests = row.Requests,
        InputTokens = row.InputTokens,
        CachedInputTokens = row.CachedInputTokens,
        AudioInputTokens = row.AudioInputTokens,
        OutputTokens = row.OutputTokens,
        ReasoningTokens = row.ReasoningTokens,
        AudioOutputTokens = row.AudioOutputTokens,
        CacheWriteInputTokens = row.CacheWriteInputTokens,
        CostNanoUsd = row.CostNanoUsd ?? 0,
        PricedRequests = (long)row.PricedRequests,
    });

    private static IQueryable<UsageLine> Lines(IQueryable<UsageHourRow> hours, UsageGroup? groupBy) => hours.Select(row => new UsageLine
    {
        Group = groupBy == UsageGroup.User ? row.User
            : groupBy == UsageGroup.Key ? row.KeyId
            : groupBy == UsageGroup.Team ? row.Team
            : groupBy == UsageGroup.Model ? row.Model
            : row.Endpoint,
        Requests = row.Requests,
        InputTokens = row.InputTokens,
        CachedInputTokens = row.CachedInputTokens,
        AudioInputTokens = row.AudioInputTokens,
        OutputTokens = row.OutputTokens,
        ReasoningTokens = row.ReasoningTokens,
        AudioOutputTokens = row.AudioOutputTokens,
        CacheWriteInputTokens = row.CacheWriteInputTokens,
        CostNanoUsd = row.CostNanoUsd,
        PricedRequests = row.PricedRequests,
    });

    /// <summary>Rows keep whole milliseconds, rounded down: an instant within one lies after the row of that millisecond.</summary>
    public static long CeilingMs(DateTimeOffset instant)
    {
        var ms = instant.ToUnixTimeMilliseconds();
        return instant.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? ms : ms + 1;
    }
}
