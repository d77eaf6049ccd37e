using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;
using Relay.Frontend.Background;

namespace Relay.Frontend.Admin;

/// <summary><c>GET /admin/api/outbox</c>: what this frontend still has to settle.</summary>
internal static class OutboxEndpoints
{
    public static void Map(RouteGroupBuilder group) =>
        group.MapGet("/outbox", (Outbox outbox, OutboxPlace place, BackgroundCalls background) =>
            AdminJson.Ok(new OutboxBody(outbox.Count, background.Count, outbox.SetAsideCount, outbox.SetAsideCount == 0 ? null : place.SetAsideFile)))
            .WithMetadata(UsageOperations.Outbox);
}
