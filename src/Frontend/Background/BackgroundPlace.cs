namespace Relay.Frontend.Background;

/// <summary>Room for one response, taken before its call is sent. Given back at the end of the call, unless a response has taken it over.</summary>
/// <param name="free">Gives it back.</param>
internal sealed class BackgroundPlace(Action free) : IDisposable
{
    private bool _isOver;

    /// <summary>A response has taken it over.</summary>
    public void TakeOver() => _isOver = true;

    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            free();
        }
    }
}
