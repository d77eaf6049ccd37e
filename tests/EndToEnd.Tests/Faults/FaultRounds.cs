using System.Globalization;

namespace Relay.EndToEnd.Tests.Faults;

/// <summary>
/// How often the faults strike, and when. <c>RELAY_FAULT_ROUNDS</c> is how many rounds a test has, by default 2, and
/// <c>RELAY_FAULT_SEED</c> repeats the moments of a run that was printed.
/// </summary>
internal static class FaultRounds
{
    public static int Count { get; } = Read("RELAY_FAULT_ROUNDS") ?? 2;

    public static Random Random(out int seed)
    {
        seed = Read("RELAY_FAULT_SEED") ?? System.Random.Shared.Next();
        return new Random(seed);
    }

    private static int? Read(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
