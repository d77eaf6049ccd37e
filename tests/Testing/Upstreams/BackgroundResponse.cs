using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>A response that the fake model makes in the background: it goes on as the test says, whoever asks about it.</summary>
public sealed class BackgroundResponse
{
    private readonly Lock _lock = new();
    private readonly ResponseShape _shape;
    private readonly UpstreamBillEntry _entry;
    private string _status = "queued";
    private int _tokens;
    private bool _reportsUsage;
    private bool _isGone;

    internal BackgroundResponse(ResponseShape shape, UpstreamBillEntry entry) => (_shape, _entry) = (shape, entry);

    /// <summary>Its id.</summary>
    public string Id => _shape.Id;

    /// <summary>Whether it was ended.</summary>
    public bool IsOver
    {
        get
        {
            lock (_lock)
            {
                return _status is not ("queued" or "in_progress");
            }
        }
    }

    /// <summary>Generates so many tokens, and books them.</summary>
    public void Generate(int tokens)
    {
        lock (_lock)
        {
            _status = "in_progress";
            for (var i = 0; i < tokens; i++)
            {
                _entry.AddToken(GeneratedText.Token(_tokens++));
            }
        }
    }

    /// <summary>Ends it with a status, and with its usage or without.</summary>
    public void End(string status = "completed", bool reportsUsage = true)
    {
        lock (_lock)
        {
            (_status, _reportsUsage) = (status, reportsUsage);
        }
    }

    /// <summary>From now on nobody finds it.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _isGone = true;
        }
    }

    /// <summary>What there is of it; null when it is gone.</summary>
    internal JsonObject? Body()
    {
        lock (_lock)
        {
            if (_isGone)
            {
                return null;
            }

            var body = _shape.Body(_status, _tokens);
            body["background"] = true;
            body["usage"] = _reportsUsage ? UsageObject.Responded(_entry.Usage) : null;
            return body;
        }
    }
}
