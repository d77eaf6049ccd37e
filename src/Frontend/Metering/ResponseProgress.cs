namespace Relay.Frontend.Metering;

/// <summary>How far a response of the Responses API is, by its <c>status</c>.</summary>
internal enum ResponseProgress
{
    /// <summary>It does not say, or something that Relay does not know.</summary>
    Unsaid,

    /// <summary>It is <c>queued</c> or <c>in_progress</c>.</summary>
    Running,

    /// <summary>It is <c>completed</c>, <c>incomplete</c>, <c>failed</c> or <c>cancelled</c>: nothing more will be used.</summary>
    Over,
}
