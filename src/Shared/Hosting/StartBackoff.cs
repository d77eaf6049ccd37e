namespace Relay.Hosting;

/// <summary>How long a program that starts waits before it asks again for what is not there yet.</summary>
internal static class StartBackoff
{
    private const int SecondsMax = 10;

    /// <summary>1, 2, 4 and 8 seconds, and then 10 each time.</summary>
    /// <param name="triesFailed">How many tries have failed; at least 1.</param>
    public static TimeSpan After(int triesFailed) => TimeSpan.FromSeconds(Math.Min(SecondsMax, 1 << Math.Min(triesFailed - 1, 4)));
}
