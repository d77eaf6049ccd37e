namespace Relay.Frontend.Standalone;

/// <summary>
/// Lets what waits for a socket go on where the socket is seen to be ready, instead of on another thread. Below saturation most of a
/// proxy's time is spent on such changes of threads: docs/performance.md has the figures.
/// </summary>
internal static class InlineSockets
{
    // .NET reads them when the process uses its first socket, and has no other way to say so.
    private const string InlineVariable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
    private const string ThreadsVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    /// <summary>
    /// Switches it on where no database's driver shares the sockets: what blocks there would hold up every connection, and a driver may
    /// block. Relay itself blocks on none: SQLite, tokenizers and large bodies have the pool's threads. Who sets the variable is believed.
    /// On two processors one thread then serves all sockets, instead of two: the ledger, the collector and the rest have the other processor, and
    /// one thread finds more sockets ready each time it looks. On more, .NET has one for each, as it always has then.
    /// </summary>
    public static void UseIfAlone(IConfiguration configuration)
    {
        if (!StandaloneExtensions.IsAlone(configuration) || Environment.GetEnvironmentVariable(InlineVariable) is not null)
        {
            return;
        }

        Environment.SetEnvironmentVariable(InlineVariable, "1");
        if (Environment.ProcessorCount == 2 && Environment.GetEnvironmentVariable(ThreadsVariable) is null)
        {
            Environment.SetEnvironmentVariable(ThreadsVariable, "1");
        }
    }
}
