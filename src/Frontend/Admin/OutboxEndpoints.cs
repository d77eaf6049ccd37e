using Relay.Frontend.Admin.Contracts;
using Relay.Frontend.Admin.OpenApi;
using Relay.Frontend.Admission;

namespace Relay.Frontend.Admin;

/// <summary><c>GET /admin/api/outbox</c>: what this frontend still has to settle.</summary>
internal static class OutboxEndpoints
{
    public static void Map(RouteGroupBuilder group) =>
        group.MapGet("/outbox", (Outbox outbox, OutboxPlace place) =>
            AdminJson.Ok(new OutboxBody(outbox.Count, outbox.SetAsideCount, outbox.SetAsideCount == 0 ? null : place.SetAsideFile)))
            .WithMetadata(UsageOperations.Outbox);
}
