using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class UpstreamSenderTests
{
    public static TheoryData<Exception, string> Failures => new()
    {
        { new HttpRequestException(HttpRequestError.ConnectionError), nameof(UpstreamFailureKind.NeverSent) },
        { new HttpRequestException(HttpRequestError.NameResolutionError), nameof(UpstreamFailureKind.NeverSent) },
        { new SocketException((int)SocketError.NotConnected), nameof(UpstreamFailureKind.NeverSent) },
        { new OperationCanceledException(), nameof(UpstreamFailureKind.NeverSent) },
        { new HttpRequestException(HttpRequestError.ResponseEnded), nameof(UpstreamFailureKind.Broken) },
        { new IOException(), nameof(UpstreamFailureKind.Broken) },
        { new InvalidOperationException(), nameof(UpstreamFailureKind.Broken) },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task SendAsync_WhateverTheConnectionThrows_IsAFailureThatSaysWhetherAnythingWasSent(Exception exception, string kind)
    {
        using var upstream = new Upstream("test", new Uri("http://127.0.0.1/v1"), apiKey: null, new ThrowingHandler(exception));
        using var deadline = new UpstreamDeadline(new StepTimeouts(TimeProvider.System), TimeSpan.Zero);
        var (answer, failure, _) = await Sender(upstream).SendAsync(new DefaultHttpContext(), HttpMethod.Get, "/v1/models", content: null, deadline);

        Assert.Null(answer);
        Assert.Equal(kind, failure!.Kind.ToString());
        Assert.NotNull(failure.Error);
    }

    [Fact]
    public async Task SendAsync_ASecondAttemptThatFindsNoConnection_MayHaveBeenSent()
    {
        using var upstream = new Upstream(
            "test", new Uri("http://127.0.0.1/v1"), apiKey: null, new StaleHandler(), new ThrowingHandler(new HttpRequestException(HttpRequestError.ConnectionError)));
        using var deadline = new UpstreamDeadline(new StepTimeouts(TimeProvider.System), TimeSpan.Zero);

        var (_, failure, attempts) = await Sender(upstream).SendAsync(new DefaultHttpContext(), HttpMethod.Get, "/v1/models", content: null, deadline);

        Assert.Equal((2, UpstreamFailureKind.Broken), (attempts, failure!.Kind));
    }

    private static UpstreamSender Sender(Upstream upstream) => new(
        upstream,
        TimeProvider.System,
        Options.Create(new UpstreamTimeouts()),
        Options.Create(new ForwardingOptions()),
        NullLogger<UpstreamSender>.Instance);

    /// <summary>A kept connection that dies under its second request.</summary>
    private sealed class StaleHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            ConnectionAttempt.Current!.Sent(isReused: true);
            return Task.FromException<HttpResponseMessage>(new HttpRequestException(HttpRequestError.ResponseEnded));
        }
    }

    private sealed class ThrowingHandler(Exception exception) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(exception);
    }
}
