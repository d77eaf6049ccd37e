using Microsoft.Extensions.Options;
using Relay.Frontend.Admission;
using Relay.Frontend.Authentication;
using Relay.Frontend.Background;
using Relay.Frontend.Endpoints;
using Relay.Frontend.Errors;
using Relay.Frontend.Metering;
using Relay.Frontend.Overload;
using Relay.Frontend.Upstreams;
using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Frontend.Forwarding;

/// <summary>
/// The path of a metered call, and the one place with its control flow:
/// (1) find the caller, (2) read the request, (3) pick the upstream, (4) reserve the estimate, (5) send,
/// (6) relay and meter, (7) settle the exact count, always, or leave that to who follows a response in the background, (8) let the
/// answer's end go, and record.
/// </summary>
internal sealed partial class ForwardHandler(
    AdmissionClient admission,
    Upstream upstream,
    UpstreamSender sender,
    CallCount count,
    BackgroundCalls background,
    BodyMemory memory,
    StepTimeouts timeouts,
    TimeProvider time,
    IOptions<ForwardingOptions> options,
    ILogger<ForwardHandler> logger)
{
    // A body up to this size is read before its sender is known: one grain call then both checks the key and reserves.
    private const int TrustedBodyBytes = 64 * 1024;

    public async Task HandleAsync(HttpContext http, EndpointSpec endpoint)
    {
        var call = new RelayedCall(RequestIds.Of(http), endpoint.Path, time.GetUtcNow());
        using var body = new RequestBody(memory);
        try
        {
            // 1 to 4.
            using var admitted = await AdmitAsync(http, endpoint, call, body);
            if (admitted.Hold is not { } hold)
            {
                return;
            }

            // From here on something may have been spent, so every way out settles or releases the hold.
            var facts = admitted.Facts;
            using var deadline = new UpstreamDeadline(timeouts, TimeSpan.FromSeconds(options.Value.Drain.Seconds));
            await using var hangUp = http.RequestAborted.UnsafeRegister(static state => ((UpstreamDeadline)state!).StartDrain(), deadline);
            if (http.RequestAborted.IsCancellationRequested)
            {
                (call.Status, call.Outcome) = (StatusCodes.Status499ClientClosedRequest, Outcome.ClientClosed);
                await hold.ReleaseAsync();
                return;
            }

            // 5. Send.
            using var content = new RequestBodyContent(body, RequestRewriter.Apply(body.Bytes, facts.EditsFor(hold.OutputTokensCap)));
            var (head, failure, attempts) = await sender.SendAsync(http, HttpMethod.Post, call.Endpoint, content, deadline);
            call.Attempts = attempts;
            if (head is not { } answer)
            {
                await EndUnansweredAsync(http, call, facts, hold, failure!, body);
                return;
            }

            using (answer)
            {
                body.DropIfLongerThan(CallCount.BodyBytesMax);
                call.Status = (int)answer.StatusCode;
                HeaderRules.CopyResponse(answer, http.Response.Headers);
                http.Response.StatusCode = call.Status;

                // 6. Relay and meter.
                using var relay = sender.Open(http, answer, facts, hold, deadline);
                var end = await RelayAsync(relay);
                await count.CountAsync(call, facts, body.Bytes, relay, end);

                // 7. Settle.
                var settled = await SettleAsync(http, call, hold, admitted.Place, answer.IsSuccessStatusCode ? relay.RunningResponse : null);

                // 8. Let the end go.
                await AnswerEnd.SendAsync(http, relay, end, settled);
            }
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested && call.Status == 0)
        {
            // The client went before anything was reserved: nothing was spent, and nobody is there to be told.
            call.Status = StatusCodes.Status499ClientClosedRequest;
            call.Outcome = Outcome.ClientClosed;
        }
        catch (BadHttpRequestException e)
        {
            call.Status = e.StatusCode;
            throw;
        }
        finally
        {
            // What the client got outranks what was planned.
            call.Status = http.Response.HasStarted ? http.Response.StatusCode : call.Status;
            LogCall(http, call);
        }
    }

    /// <summary>Steps 1 to 4, which nearly always are there at once. Without a hold the client has been answered.</summary>
    private async ValueTask<AdmittedCall> AdmitAsync(HttpContext http, EndpointSpec endpoint, RelayedCall call, RequestBody body)
    {
        // 1. Find the caller.
        if (CallerCredentials.FindApiKey(http, out var token) is { } nobody)
        {
            await RefuseAsync(http, call, nobody);
            return default;
        }

        call.KeyId = token.KeyId;

        // 2. Read the request.
        var facts = await ReadAsync(http, endpoint, token, call, body);
        if (facts is null)
        {
            return default;
        }

        // 3. There is one upstream, and it knows its models.
        call.Upstream = upstream.Name;

        // 4. Reserve.
        var place = facts.InBackground ? background.TryTakePlace() : null;
        if (facts.InBackground && place is null)
        {
            await RefuseAsync(http, call, RelayError.TooManyInBackground());
            return default;
        }

        try
        {
            var hold = await ReserveAsync(http, endpoint, token, call, facts);
            call.Admitted = hold is not null;
            return new AdmittedCall(facts, hold, place);
        }
        catch
        {
            place?.Dispose();
            throw;
        }
    }

    /// <summary>Settles a call, or leaves that to who follows its response where it is still running.</summary>
    private Task<bool> SettleAsync(HttpContext http, RelayedCall call, OpenHold hold, BackgroundPlace? place, string? running)
    {
        var settlement = call.ToSettlement(hold.Facts, time.GetUtcNow());
        call.GoesOn = place is not null && running is not null;
        return call.GoesOn
            ? background.FollowAsync(new BackgroundCall(hold.KeyId, running!, http.Request.QueryString.Value ?? "", settlement), place!)
            : hold.SettleAsync(settlement);
    }

    /// <summary>An answer that cannot be sent on as HTTP is the upstream's fault, and counted all the same.</summary>
    private async ValueTask<RelayEnd> RelayAsync(IAnswerRelay relay)
    {
        try
        {
            return await relay.RunAsync();
        }
        catch (Exception e)
        {
            LogUnsendable(logger, upstream.Name, e);
            return RelayEnd.UpstreamCut;
        }
    }

    private async ValueTask<RequestFacts?> ReadAsync(HttpContext http, EndpointSpec endpoint, ApiKeyToken token, RelayedCall call, RequestBody body)
    {
        var bytesMax = options.Value.MaxRequestBodyBytes;
        var authenticated = http.Request.ContentLength is not <= TrustedBodyBytes || RequestBody.IsCompressed(http.Request);
        if (authenticated && await FindFaultOfKeyAsync(token) is { } unknown)
        {
            await RefuseAsync(http, call, unknown);
            return null;
        }

        RequestFacts? facts = null;
        var fault = await body.ReadAsync(http.Request, bytesMax, http.RequestAborted);
        if (fault is null)
        {
            if (body.Bytes.Length > TrustedBodyBytes)
            {
                // It takes so long that other connections must not wait for it: this may be the thread that serves their sockets.
                await Task.Yield();
            }

            if (!RequestReader.TryRead(body.Bytes, endpoint, out facts, out var requestFault))
            {
                fault = RelayError.BadRequest(requestFault!.Message, requestFault.Param);
            }
        }

        if (fault is not null)
        {
            // Only a caller whose key is good learns anything else than that it is not.
            await RefuseAsync(http, call, (authenticated ? null : await FindFaultOfKeyAsync(token)) ?? fault);
            return null;
        }

        call.Model = RecordText.Clean(facts!.Model);
        return facts;
    }

    private async Task<RelayError?> FindFaultOfKeyAsync(ApiKeyToken token) =>
        await admission.AuthenticateAsync(token.KeyId, token.Hash) is { } access ? KeyFault.Of(access.Status) : RelayError.Unavailable();

    private async ValueTask<OpenHold?> ReserveAsync(HttpContext http, EndpointSpec endpoint, ApiKeyToken token, RelayedCall call, RequestFacts facts)
    {
        var answer = await admission.ReserveAsync(token.KeyId, new ReserveRequest
        {
            RequestId = call.RequestId,
            KeyHash = token.Hash,
            Endpoint = endpoint.Path,
            Model = call.Model!,
            InputTokensEstimated = facts.InputTokensEstimated,
            OutputTokensMax = facts.OutputTokensMax,
            Choices = facts.Choices,
        });
        if (answer is not { } given)
        {
            await RefuseAsync(http, call, RelayError.Unavailable());
            return null;
        }

        call.User = given.Decision.User;
        RateLimitHeaders.Write(http.Response.Headers, given.Decision);
        if (given.Decision.Refusal is { } refusal)
        {
            await RefuseAsync(http, call, refusal.Kind switch
            {
                RefusalKind.LimitReached => RelayError.LimitReached(refusal, token.KeyId),
                RefusalKind.ModelNotAllowed => RelayError.ModelNotAllowed(call.Model!),
                RefusalKind.ModelNotPriced => RelayError.ModelNotPriced(call.Model!),
                RefusalKind.Suspended => RelayError.AccountSuspended(refusal.Account!.Value),
                RefusalKind.Overloaded or RefusalKind.OwnerChanging => RelayError.Unavailable(),
                _ => RelayError.InvalidKey(refusal.Kind),
            });
        }

        return given.Hold;
    }

    private async Task EndUnansweredAsync(HttpContext http, RelayedCall call, RequestFacts facts, OpenHold hold, UpstreamFailure failure, RequestBody body)
    {
        call.Outcome = failure.Kind == UpstreamFailureKind.ClientClosed ? Outcome.ClientClosed : Outcome.UpstreamError;
        call.Status = failure.Error?.Status ?? StatusCodes.Status499ClientClosedRequest;
        if (failure.Kind == UpstreamFailureKind.NeverSent)
        {
            // No upstream has seen the call, so nothing was spent.
            await hold.ReleaseAsync();
        }
        else
        {
            await count.EstimateAsync(call, facts, body.Bytes, output: null);
            if (!await hold.SettleAsync(call.ToSettlement(hold.Facts, time.GetUtcNow())))
            {
                throw new CutConnectionException();
            }
        }

        if (failure.Error is { } error && !http.RequestAborted.IsCancellationRequested)
        {
            await ErrorResult.WriteAsync(http, error);
        }
    }

    private static Task RefuseAsync(HttpContext http, RelayedCall call, RelayError error)
    {
        call.Status = error.Status;
        return ErrorResult.WriteAsync(http, error);
    }
}
