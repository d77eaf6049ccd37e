using System.Globalization;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Admin;

/// <summary>Where a page of a list begins and how long it is.</summary>
/// <param name="Limit">The most items: 1 to 100, by default 20.</param>
/// <param name="After">The id after which the page begins, or null for the first page.</param>
internal readonly record struct Paging(int Limit, string? After)
{
    public static bool TryRead(IQueryCollection query, out Paging paging, out RelayError? error)
    {
        paging = new Paging(20, query.TryGetValue("after", out var after) && after.ToString() is { Length: > 0 } id ? id : null);
        error = null;
        if (query.TryGetValue("limit", out var text))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) || limit is < 1 or > 100)
            {
                error = RelayError.BadRequest("'limit' must be a whole number from 1 to 100.", "limit");
                return false;
            }

            paging = paging with { Limit = limit };
        }

        return true;
    }

    /// <summary>The page of what was read: one item more than the limit tells that there is another page.</summary>
    public static ListBody<T> ToList<T>(IReadOnlyList<T> items, int limit, Func<T, string> idOf)
    {
        var page = items.Count > limit ? [.. items.Take(limit)] : items;
        return new ListBody<T>(
            page,
            page.Count > 0 ? idOf(page[0]) : null,
            page.Count > 0 ? idOf(page[^1]) : null,
            items.Count > limit);
    }
}
