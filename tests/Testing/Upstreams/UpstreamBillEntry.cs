using System.Text;
using Relay.Grains.Usage;

namespace Relay.Testing.Upstreams;

/// <summary>
/// What the scripted upstream charges for one call. It is live: tokens are booked before their bytes are sent, so a client
/// that has seen a token finds it here.
/// </summary>
public sealed class UpstreamBillEntry
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _generated = new();
    private TokenUsage _usage;
    private bool _clientAborted;

    internal UpstreamBillEntry(string model, string endpoint, int status, long inputTokens, long cachedInputTokens)
    {
        Model = model;
        Endpoint = endpoint;
        Status = status;
        _usage = new TokenUsage { InputTokens = inputTokens, CachedInputTokens = cachedInputTokens };
    }

    /// <summary>The model that was asked for.</summary>
    public string Model { get; }

    /// <summary>The path of the call, such as <c>/v1/chat/completions</c>.</summary>
    public string Endpoint { get; }

    /// <summary>The status of the answer; an answer that is not a success costs nothing.</summary>
    public int Status { get; }

    /// <summary>The tokens so far; what was generated before a cut or an abort stays.</summary>
    public TokenUsage Usage
    {
        get
        {
            lock (_lock)
            {
                return _usage;
            }
        }
    }

    /// <summary>The text generated so far, the choices' tokens in the order in which they were made.</summary>
    public string Generated
    {
        get
        {
            lock (_lock)
            {
                return _generated.ToString();
            }
        }
    }

    /// <summary>Whether the client, that is Relay, hung up before the script had ended.</summary>
    public bool ClientAborted
    {
        get
        {
            lock (_lock)
            {
                return _clientAborted;
            }
        }
    }

    internal void AddReasoning(long tokens)
    {
        lock (_lock)
        {
            _usage += new TokenUsage { OutputTokens = tokens, ReasoningTokens = tokens };
        }
    }

    internal void AddToken(string text)
    {
        lock (_lock)
        {
            _usage += new TokenUsage { OutputTokens = 1 };
            _generated.Append(text);
        }
    }

    internal void MarkClientAborted()
    {
        lock (_lock)
        {
            _clientAborted = true;
        }
    }
}
