using Relay.Frontend.Admin.Accounts;
using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;
using Relay.Frontend.Errors;
using Relay.Grains.Accounts;
using Relay.Grains.Directory;
using Relay.Grains.Keys;

namespace Relay.Frontend.Admin.Keys;

/// <summary><c>/admin/api/keys</c>.</summary>
internal static class KeyEndpoints
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/keys", CreateAsync).WithMetadata(KeyOperations.Create);
        group.MapGet("/keys", ListAsync).WithMetadata(KeyOperations.List);
        group.MapGet("/keys/{id}", GetAsync).WithMetadata(KeyOperations.Get);
        group.MapPatch("/keys/{id}", UpdateAsync).WithMetadata(KeyOperations.Update);
        group.MapDelete("/keys/{id}", RevokeAsync).WithMetadata(KeyOperations.Revoke);
        group.MapPost("/keys/{id}/rotate", RotateAsync).WithMetadata(KeyOperations.Rotate);
        group.MapGet("/keys/{id}/usage", GetUsageAsync).WithMetadata(KeyOperations.Usage);
    }

    private static async Task<IResult> CreateAsync(
        HttpContext http, AccountRequests accounts, IGrainFactory grains, GrainRetry retry, TimeProvider time)
    {
        var (body, error) = await AdminJson.ReadAsync<CreateKeyBody>(http);
        error ??= NewKey.FindFault(body!, time.GetUtcNow());
        if (error is not null)
        {
            return new ErrorResult(error);
        }

        var settings = NewKey.Make(body!, time.GetUtcNow(), out var text);
        if (body!.Limits is null)
        {
            settings = settings with { Limits = (await accounts.FindAsync(AccountId.Organization, http.RequestAborted))!.DefaultKeyLimits };
        }

        await retry.AskAsync(async () =>
        {
            await Grain(grains, settings.Id).CreateAsync(settings);
            return true;
        }, http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        return AdminJson.Ok(KeyBody.From(new KeyInfo(settings, LastUsedAt: null), time.GetUtcNow(), text), StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IGrainFactory grains, TimeProvider time)
    {
        if (!Paging.TryRead(http.Request.Query, out var paging, out var error))
        {
            return new ErrorResult(error!);
        }

        var keys = await grains.GetGrain<IDirectoryGrain>(0).ListKeysAsync(paging.After, paging.Limit + 1);
        var now = time.GetUtcNow();
        return AdminJson.Ok(Paging.ToList([.. keys.Select(key => KeyBody.From(key, now))], paging.Limit, key => key.Id));
    }

    private static async Task<IResult> GetAsync(string id, IGrainFactory grains, TimeProvider time) =>
        KeyId.IsWellFormed(id) && await Grain(grains, id).GetAsync() is { } info
            ? AdminJson.Ok(KeyBody.From(info, time.GetUtcNow()))
            : NotFound();

    private static async Task<IResult> UpdateAsync(string id, HttpContext http, IGrainFactory grains, GrainRetry retry, TimeProvider time)
    {
        var (body, error) = await AdminJson.ReadAsync<PatchKeyBody>(http);
        error ??= ChangedKey.FindFault(body!, time.GetUtcNow());
        if (error is not null)
        {
            return new ErrorResult(error);
        }

        var patch = ChangedKey.Make(body!);
        return await ChangeAsync(id, key => key.UpdateAsync(patch), text: null, http, grains, retry, time);
    }

    private static async Task<IResult> RotateAsync(string id, HttpContext http, IGrainFactory grains, GrainRetry retry, TimeProvider time)
    {
        var (body, error) = await AdminJson.ReadAsync(http, whenEmpty: new RotateKeyBody());
        error ??= ChangedKey.FindFault(body!);
        if (error is not null)
        {
            return new ErrorResult(error);
        }

        if (!KeyId.IsWellFormed(id))
        {
            return NotFound();
        }

        // Made once: however often the grain is asked, it is one rotation.
        var rotation = ChangedKey.Make(id, body!, out var text);
        return await ChangeAsync(id, key => key.RotateAsync(rotation), text, http, grains, retry, time);
    }

    private static async Task<IResult> ChangeAsync(
        string id, Func<IKeyGrain, Task<KeyInfo?>> change, string? text, HttpContext http, IGrainFactory grains, GrainRetry retry, TimeProvider time)
    {
        if (!KeyId.IsWellFormed(id)
            || await retry.AskPatientlyAsync(async () => await change(Grain(grains, id)), http.RequestAborted) is not { } info)
        {
            return NotFound();
        }

        if (info.Settings.RevokedAt is not null)
        {
            return new ErrorResult(RelayError.BadRequest("This key is revoked, for good: it cannot be changed. Make a new one."));
        }

        http.Response.Headers.CacheControl = "no-store";
        return AdminJson.Ok(KeyBody.From(info, time.GetUtcNow(), text));
    }

    private static async Task<IResult> RevokeAsync(string id, IGrainFactory grains) =>
        KeyId.IsWellFormed(id) && await Grain(grains, id).RevokeAsync() ? AdminJson.Ok(new DeletedBody(id)) : NotFound();

    private static async Task<IResult> GetUsageAsync(string id, IGrainFactory grains)
    {
        if (!KeyId.IsWellFormed(id) || await Grain(grains, id).GetUsageAsync() is not { } usage)
        {
            return NotFound();
        }

        return AdminJson.Ok(new UsageBody(
            id,
            new TotalsBody(usage.Totals),
            [.. usage.ByModel.Select(model => new ModelTotalsBody(model.Model, model.Totals))],
            [.. usage.Limits.Select(LimitUsageBody.From)]));
    }

    private static IKeyGrain Grain(IGrainFactory grains, string id) => grains.GetGrain<IKeyGrain>(KeyId.ToGrainKey(id));

    private static ErrorResult NotFound() => new(RelayError.NotFound("There is no key of this id."));
}
