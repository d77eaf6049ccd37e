using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;
using Relay.Frontend.Errors;
using Relay.Grains.Directory;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Usage;

/// <summary><c>POST /admin/api/verify</c>: whether all counts follow from the ledger.</summary>
internal static class VerifyEndpoints
{
    private const int KeysOfOnePageMax = 50;
    private const int DifferencesMax = 1_000;

    public static void Map(RouteGroupBuilder group) => group.MapPost("/verify", VerifyAsync).WithMetadata(UsageOperations.Verify);

    private static async Task<IResult> VerifyAsync(HttpContext http, IGrainFactory grains, GrainRetry retry)
    {
        var parameters = http.Request.Query;
        if (parameters.Keys.FirstOrDefault(name => name is not "repair") is { } unknown)
        {
            return new ErrorResult(RelayError.BadRequest($"Unknown parameter '{unknown}'.", unknown));
        }

        var repairs = parameters.TryGetValue("repair", out var repair);
        if (repairs && !string.Equals(repair, "rollups", StringComparison.Ordinal))
        {
            return new ErrorResult(RelayError.BadRequest("'repair' must be rollups.", "repair"));
        }

        var directory = grains.GetGrain<IDirectoryGrain>(0);
        var verification = grains.GetGrain<IUsageVerificationGrain>(0);
        var (keys, entries, differences) = (0L, 0L, new List<DifferenceBody>());
        string? after = null;
        while (differences.Count < DifferencesMax
            && !http.RequestAborted.IsCancellationRequested
            && await AskAsync(() => directory.ListKeysAsync(after, KeysOfOnePageMax)) is [.., var last] page)
        {
            var found = await AskAsync(() => verification.VerifyAsync([.. page.Select(key => key.Settings.Id)], repairs));
            keys += found.Keys;
            entries += found.Entries;
            differences.AddRange(found.Differences.Select(difference => new DifferenceBody(difference)));
            after = last.Settings.Id;
        }

        // What the ledger has of keys that the directory does not have is in reports too.
        after = null;
        while (differences.Count < DifferencesMax
            && !http.RequestAborted.IsCancellationRequested
            && await AskAsync(() => verification.ListStrayKeysAsync(after, KeysOfOnePageMax)) is [.., var stray] strays)
        {
            var found = await AskAsync(() => verification.VerifyAsync(strays, repairs));
            keys += found.Keys;
            entries += found.Entries;
            differences.AddRange(found.Differences.Select(difference => new DifferenceBody(difference)));
            after = stray;
        }

        return AdminJson.Ok(new VerificationBody(
            keys, entries, [.. differences.Take(DifferencesMax)], HasMore: differences.Count >= DifferencesMax));

        // The silo that compares may die too.
        ValueTask<T> AskAsync<T>(Func<Task<T>> ask) => retry.AskPatientlyAsync(async () => await ask(), http.RequestAborted);
    }
}
