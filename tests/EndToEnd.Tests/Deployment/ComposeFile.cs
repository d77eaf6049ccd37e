using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Relay.EndToEnd.Tests.Deployment;

/// <summary>The compose file, its anchors and merges resolved.</summary>
internal sealed partial class ComposeFile
{
    private readonly Dictionary<object, object> _root;

    private ComposeFile(string text)
    {
        Text = text;
        _root = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(new StringReader(text))));
    }

    public string Text { get; }

    /// <summary>The variables that it takes from <c>.env</c>.</summary>
    public IEnumerable<string> Variables =>
        Variable().Matches(Text).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    public IReadOnlyList<string> Services => [.. Of(_root, "services").Keys.Cast<string>()];

    public IReadOnlyList<string> Volumes => [.. Of(_root, "volumes").Keys.Cast<string>()];

    public static ComposeFile Load() => new(Repository.Read("docker-compose.yml"));

    public Dictionary<object, object> Service(string name) => Of(Of(_root, "services"), name);

    /// <summary>A service's environment, each variable of <c>.env</c> replaced by a value.</summary>
    public Dictionary<string, string?> Environment(string service, string variables) => Of(Service(service), "environment").ToDictionary(
        pair => (string)pair.Key, pair => (string?)Variable().Replace((string)pair.Value, variables), StringComparer.Ordinal);

    /// <summary>The port on which a program of Relay listens, by its environment.</summary>
    public int PortOf(string service) => new Uri(Environment(service, "")["ASPNETCORE_URLS"]!.Replace("*", "all", StringComparison.Ordinal)).Port;

    /// <summary>How long the service may take to stop.</summary>
    public TimeSpan GraceOf(string service) =>
        TimeSpan.FromSeconds(int.Parse(((string)Service(service)["stop_grace_period"]).TrimEnd('s'), CultureInfo.InvariantCulture));

    public static Dictionary<object, object> Of(Dictionary<object, object> parent, string name) => (Dictionary<object, object>)parent[name];

    // Two dollars are one for the container's shell.
    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z_]+)[^}]*\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
