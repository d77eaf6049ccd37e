using Microsoft.AspNetCore.Http;
using Relay.Frontend.Errors;

namespace Relay.Frontend.Tests.Errors;

public sealed class RequestIdsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 5, 678, TimeSpan.Zero);

    [Fact]
    public void Assign_Always_GivesAUuidOfVersion7()
    {
        var ids = Enumerable.Range(0, 1_000).Select(static _ => IdAt(Now)).ToList();

        Assert.All(ids, static id =>
        {
            Assert.Equal(7, id.Version);
            Assert.InRange(id.Variant, 8, 11);
            Assert.Equal(Now.ToUnixTimeMilliseconds().ToString("x12", null), id.ToString("N")[..12]);
        });
        Assert.Equal(ids.Count, ids.Distinct().Count());

        // All of the bits that may be random are.
        Assert.Equal(ids.Count, ids.Select(static id => id.ToString("N")[17..]).Distinct(StringComparer.Ordinal).Count());
        Assert.True(ids.Select(static id => id.ToString("N")[13..16]).Distinct(StringComparer.Ordinal).Count() > 500);
    }

    [Fact]
    public void Assign_Later_SortsAfter() => Assert.True(IdAt(Now).CompareTo(IdAt(Now.AddMilliseconds(1))) < 0);

    [Fact]
    public void Assign_Always_PutsTheTextOnTheResponse()
    {
        var http = new DefaultHttpContext();

        var text = RequestIds.Assign(http, Now);

        Assert.Equal($"req_{RequestIds.Of(http):N}", text);
        Assert.Equal((text, text), (RequestIds.TextOf(http), http.Response.Headers["x-request-id"].ToString()));
    }

    private static Guid IdAt(DateTimeOffset now)
    {
        var http = new DefaultHttpContext();
        RequestIds.Assign(http, now);
        return RequestIds.Of(http);
    }
}
