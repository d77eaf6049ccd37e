using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Relay.Silo.Clustering;

/// <summary>Finds the address at which a silo is reached when none is configured.</summary>
internal static class SiloAddress
{
    /// <summary>The configured address; else, in a container, the machine's first private one; else loopback.</summary>
    public static IPAddress Of(MembershipOptions options) =>
        options.Address is { } configured ? IPAddress.Parse(configured)
        : IsContainer && FindPrivate() is { } found ? found
        : IPAddress.Loopback;

    /// <summary>Whether an address is of a network that the Internet does not route: RFC 1918 and RFC 6598.</summary>
    public static bool IsPrivate(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetwork)
        {
            return false;
        }

        var bytes = address.GetAddressBytes();
        return bytes[0] == 10
            || (bytes[0] == 172 && bytes[1] is >= 16 and <= 31)
            || (bytes[0] == 192 && bytes[1] == 168)
            || (bytes[0] == 100 && bytes[1] is >= 64 and <= 127);
    }

    // Microsoft's images set it.
    private static bool IsContainer =>
        string.Equals(Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER"), "true", StringComparison.OrdinalIgnoreCase);

    private static IPAddress? FindPrivate() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .FirstOrDefault(IsPrivate);
}
