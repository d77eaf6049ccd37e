using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Relay.Configuration;

/// <summary>
/// Finds addresses that Kestrel would refuse late, or would misread: it takes a host that it does not understand, such as
/// <c>127.0.0.1:80a</c>, for all addresses of the machine.
/// </summary>
internal static class AddressCheck
{
    private const int PortMax = 65_535;

    private static readonly string[] PortSettings = ["http_ports", "https_ports"];

    /// <summary>A sentence for each wrong address.</summary>
    public static IEnumerable<string> FindFaults(IConfiguration configuration) =>
        configuration["urls"] is { Length: > 0 } urls
            ? Split(urls)
                .Where(address => !IsAddress(address))
                .Select(address => $"the address '{address}' (--urls or ASPNETCORE_URLS) is not of the form http://127.0.0.1:8080. "
                    + "The host must be an IP address, localhost, or * for all addresses.")
            : PortSettings
                .SelectMany(name => Split(configuration[name] ?? "").Select(port => (Name: name, Port: port)))
                .Where(setting => !IsPort(setting.Port))
                .Select(setting => $"the port '{setting.Port}' (ASPNETCORE_{setting.Name.ToUpperInvariant()}) is not a number from 0 to 65535.");

    private static string[] Split(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsAddress(string text)
    {
        try
        {
            var address = BindingAddress.Parse(text);
            return address.Scheme.ToUpperInvariant() is "HTTP" or "HTTPS"
                && (address.IsUnixPipe
                    || (address.PathBase.Length == 0
                        && address.Port is >= 0 and <= PortMax
                        && (address.Host is "*" or "+"
                            || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                            || IPAddress.TryParse(address.Host, out _))));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= PortMax;
}
