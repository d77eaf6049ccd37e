namespace Relay.Frontend.Standalone;

/// <summary>
/// Lets what waits for a socket go on where the socket is seen to be ready, instead of on another thread. Below saturation most of a
/// proxy's time is spent on such changes of threads: docs/performance.md has the figures.
/// </summary>
internal static class InlineSockets
{
    // .NET reads it when the process uses its first socket, and has no other way to say so.
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>
    /// Switches it on where no database's driver shares the sockets: what blocks there would hold up every connection, and a driver may
    /// block. Relay itself blocks on none: SQLite, tokenizers and large bodies have the pool's threads. Who sets the variable is believed.
    /// </summary>
    public static void UseIfAlone(IConfiguration configuration)
    {
        if (StandaloneExtensions.IsAlone(configuration) && Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }
    }
}
