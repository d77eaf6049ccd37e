using Microsoft.AspNetCore.Http.Features;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.Keys;
using Relay.Frontend.Admission;
using Relay.Frontend.Errors;
using Relay.Grains.Accounts;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Frontend.Admin.Accounts;

/// <summary>Answers what is asked of users, teams and the organization alike.</summary>
internal sealed class AccountRequests(IGrainFactory grains, GrainRetry retry)
{
    private IAccountsGrain Accounts => grains.GetGrain<IAccountsGrain>(0);

    /// <summary>
    /// The account of a path that ends in its id, or in its id and a word. The id is as the client escaped it: a route's value keeps an escaped
    /// slash, and so could not tell it from the text <c>%2F</c>.
    /// </summary>
    public static AccountId IdOf(HttpContext http, Level level, int wordsAfter = 0)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        return new AccountId(level, Uri.UnescapeDataString(target.Split('?')[0].TrimEnd('/').Split('/')[^(1 + wordsAfter)]).TrimEnd(' '));
    }

    /// <summary>One account, or null.</summary>
    public Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken) => retry.AskAsync(() => Accounts.FindAsync(id), cancellationToken);

    /// <summary>One account.</summary>
    public async Task<IResult> GetAsync<T>(AccountId id, Func<Account, T> show) =>
        await Accounts.FindAsync(id) is { } account ? AdminJson.Ok(show(account)) : NotFound(id.Level);

    /// <summary>A page of accounts.</summary>
    public async Task<IResult> ListAsync<T>(HttpContext http, Level level, Func<Account, T> show, Func<T, string> idOf)
    {
        if (!Paging.TryRead(http.Request.Query, out var paging, out var error))
        {
            return new ErrorResult(error!);
        }

        var accounts = await Accounts.ListAsync(level, paging.After, paging.Limit + 1);
        return AdminJson.Ok(Paging.ToList([.. accounts.Select(show)], paging.Limit, idOf));
    }

    /// <summary>Makes or changes an account.</summary>
    public async Task<IResult> PutAsync<TBody, T>(
        HttpContext http, AccountId id, Func<TBody, RelayError?> findFault, Func<TBody, AccountChange> make, Func<Account, T> show)
        where TBody : class
    {
        var (body, error) = await AdminJson.ReadAsync<TBody>(http);
        error ??= KeyRules.FindNameFault(id.Id, "id") ?? findFault(body!);
        if (error is not null)
        {
            return new ErrorResult(error);
        }

        var change = make(body!);
        if (change.Team is { } team && await FindAsync(new AccountId(Level.Team, team), http.RequestAborted) is null)
        {
            return new ErrorResult(RelayError.BadRequest($"There is no team '{team}': make it first.", "team"));
        }

        return AdminJson.Ok(show(await retry.AskPatientlyAsync(async () => await Accounts.PutAsync(id, change), http.RequestAborted)));
    }

    /// <summary>What an account's keys have used, and what its limits leave.</summary>
    /// <param name="id">The account.</param>
    /// <param name="hasHistory">Whether there may be usage of an account that is not there.</param>
    public async Task<IResult> GetUsageAsync(AccountId id, Func<Task<bool>> hasHistory)
    {
        var account = await Accounts.FindAsync(id);
        if (account is null && !await hasHistory())
        {
            return NotFound(id.Level);
        }

        var rows = await grains.GetGrain<IUsageReportGrain>(0).QueryAsync(new UsageQuery
        {
            User = id.Level == Level.User ? id.Id : null,
            Team = id.Level == Level.Team ? id.Id : null,
            GroupBy = UsageGroup.Model,
        });
        var limits = account is null ? [] : await grains.GetGrain<IAllotmentGrain>(id.ToGrainKey()).GetLimitsAsync();
        return AdminJson.Ok(new UsageBody(
            id.Id,
            new TotalsBody(rows.Aggregate(default(UsageTotals), static (sum, row) => sum + row.Totals)),
            [.. rows.Select(static row => new ModelTotalsBody(row.Group!, row.Totals))],
            [.. limits.Select(LimitUsageBody.From)]));
    }

    private static ErrorResult NotFound(Level level) => new(RelayError.NotFound($"There is no {(level == Level.User ? "user" : "team")} of this id."));
}
