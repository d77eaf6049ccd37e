namespace Relay.Frontend.Upstreams;

/// <summary>What became of the connection on which one request is sent, as <see cref="WatchedStream"/> sees it.</summary>
internal sealed class ConnectionAttempt
{
    private static readonly AsyncLocal<ConnectionAttempt?> Running = new();

    private volatile bool _isReused;
    private volatile bool _isAnswered;

    /// <summary>The attempt to which what is being written belongs, or null.</summary>
    public static ConnectionAttempt? Current => Running.Value;

    /// <summary>Whether the connection had answered a request before this one, and said not a byte to this one.</summary>
    public bool DiedUnanswered => _isReused && !_isAnswered;

    /// <summary>Makes this the current attempt, for what the asynchronous method that calls this does from here on.</summary>
    public void Begin() => Running.Value = this;

    /// <summary>The request goes out on a connection.</summary>
    public void Sent(bool isReused) => (_isReused, _isAnswered) = (isReused, false);

    /// <summary>The first bytes of an answer are here.</summary>
    public void Answered() => _isAnswered = true;
}
