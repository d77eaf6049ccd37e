using System.Net;

namespace Relay.EndToEnd.Tests.Cluster;

/// <summary>
/// What stands before the frontends: it gives each call to one that says that it is ready, in turn, and to the next when one takes no
/// connection. A call that has begun is never given to another.
/// </summary>
internal sealed class FrontDoor(RelayCluster cluster) : HttpMessageHandler
{
    private static readonly Uri Ready = new("/health/ready", UriKind.Relative);

    // Between two questions, when one is not ready.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpMessageInvoker _inner = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromSeconds(2) });
    private int _turn;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var frontend = await NextAsync();
            if (!await IsReadyAsync(frontend, cancellationToken))
            {
                await Task.Delay(Pause, cancellationToken);
                continue;
            }

            try
            {
                request.RequestUri = new Uri(frontend, path);
                return await _inner.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError)
            {
                // It went between the question and the call.
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private async Task<Uri> NextAsync()
    {
        var frontends = await cluster.AddressesAsync();
        return frontends[(Interlocked.Increment(ref _turn) & int.MaxValue) % frontends.Length];
    }

    private async Task<bool> IsReadyAsync(Uri frontend, CancellationToken cancellationToken)
    {
        try
        {
            using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(frontend, Ready));
            using var answer = await _inner.SendAsync(question, cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
