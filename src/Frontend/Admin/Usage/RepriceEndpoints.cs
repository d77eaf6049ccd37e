using System.Runtime.CompilerServices;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;
using Relay.Frontend.Errors;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Usage;

/// <summary><c>POST /admin/api/reprice</c>: prices past calls anew.</summary>
internal static class RepriceEndpoints
{
    private const int KeysOfOnePageMax = 50;
    private const long UnixSecondsMax = 253_402_300_799;

    public static void Map(RouteGroupBuilder group) => group.MapPost("/reprice", RepriceAsync).WithMetadata(UsageOperations.Reprice);

    private static async Task<IResult> RepriceAsync(HttpContext http, IGrainFactory grains, GrainRetry retry)
    {
        var (body, error) = await AdminJson.ReadAsync<RepriceBody>(http);
        error ??= FindFault(body!);
        if (error is not null)
        {
            return new ErrorResult(error);
        }

        var repricing = new Repricing
        {
            From = DateTimeOffset.FromUnixTimeSeconds(body!.From!.Value),
            To = DateTimeOffset.FromUnixTimeSeconds(body.To!.Value),
            Model = body.Model,
        };
        var directory = grains.GetGrain<IDirectoryGrain>(0);
        var (keys, calls, corrections, difference) = (0L, 0L, 0L, default(NanoUsd));
        string? after = null;
        while (await retry.AskPatientlyAsync(async () => await directory.ListKeysAsync(after, KeysOfOnePageMax), http.RequestAborted) is [.., var last] page)
        {
            foreach (var key in page)
            {
                await foreach (var done in RepriceKeyAsync(grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(key.Settings.Id)), repricing, retry, http.RequestAborted))
                {
                    calls += done.Calls;
                    corrections += done.Corrections;
                    difference += done.Difference;
                }

                keys++;
            }

            after = last.Settings.Id;
        }

        return AdminJson.Ok(new RepricingBody(keys, calls, corrections, new CostBody { Value = difference.ToUsd() }));
    }

    private static async IAsyncEnumerable<RepricedCalls> RepriceKeyAsync(
        IKeyGrain key, Repricing repricing, GrainRetry retry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RepricedCalls? done;
        do
        {
            done = await retry.AskPatientlyAsync(async () => await key.RepriceAsync(repricing), cancellationToken);
            if (done is not null)
            {
                yield return done;
                repricing = repricing with { AfterSequence = done.LastSequence };
            }
        }
        while (done is { HasMore: true });
    }

    private static RelayError? FindFault(RepriceBody body) =>
        body.From is not (>= 0 and <= UnixSecondsMax) ? RelayError.BadRequest("'from' must be a time in unix seconds.", "from")
        : body.To is not (>= 0 and <= UnixSecondsMax) || body.To <= body.From ? RelayError.BadRequest("'to' must be a time in unix seconds, after 'from'.", "to")
        : body.Model is { } model ? KeyRules.FindPatternFault(model) is { } fault ? RelayError.BadRequest(fault, "model") : null
        : null;
}
