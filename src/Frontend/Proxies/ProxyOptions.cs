using System.Net;

namespace Relay.Frontend.Proxies;

/// <summary>
/// Whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed. By default nobody's: then the address of a caller is the
/// one that its connection comes from.
/// </summary>
internal sealed class ProxyOptions
{
    /// <summary>The section's name.</summary>
    public const string SectionName = "Relay:ForwardedHeaders";

    /// <summary>The IP addresses of proxies, with commas between them; by default none.</summary>
    public string KnownProxies { get; set; } = "";

    /// <summary>Networks in which every address is a proxy, such as <c>10.1.0.0/16</c>, with commas between them; by default none.</summary>
    public string KnownNetworks { get; set; } = "";

    /// <summary>Whether anybody is believed.</summary>
    public bool HasAny => Split(KnownProxies).Length + Split(KnownNetworks).Length > 0;

    /// <summary>The proxies of valid options.</summary>
    public IEnumerable<IPAddress> FindProxies() => Split(KnownProxies).Select(IPAddress.Parse);

    /// <summary>The networks of valid options.</summary>
    public IEnumerable<IPNetwork> FindNetworks() => Split(KnownNetworks).Select(network => IPNetwork.Parse(network));

    /// <summary>The parts of a list.</summary>
    public static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
