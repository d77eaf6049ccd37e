namespace Relay.Testing.Upstreams;

/// <summary>Where a scripted answer says what it used.</summary>
public enum UsagePlacement
{
    /// <summary>As OpenAI: bodies have it; streams only if asked, null on every chunk and filled in an extra one.</summary>
    AsAsked,

    /// <summary>Streams have it in the chunk that ends the last choice, asked or not, and in no extra chunk.</summary>
    FinishChunk,

    /// <summary>Streams have the running count on every chunk, asked or not; the last one is the whole.</summary>
    EveryChunk,

    /// <summary>Streams have it only as <c>x_groq.usage</c> of the last choice's end.</summary>
    OnlyGroq,

    /// <summary>Neither bodies nor streams have it, whatever was asked.</summary>
    Nowhere,
}
