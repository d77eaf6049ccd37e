using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Relay.Configuration;
using Relay.Frontend;
using Relay.Silo.Storage;

namespace Relay.EndToEnd.Tests.Deployment;

/// <summary>Holds the page for operators to the code.</summary>
public sealed partial class OperationsPageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relay-operations-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Settings_ThoseOfTheTable_AreThoseThatRelayReads()
    {
        var builder = FrontendApplication.CreateBuilder([]);
        builder.Configuration.Sources.Clear();
        using var directory = DataDirectory.Open(_folder);
        var app = FrontendApplication.Build(builder, directory);
        using var built = (IDisposable)app;
        var listed = SettingName().Matches(Repository.Read("docs/operations.md")).Select(match => match.Groups["name"].Value);

        var read = app.Services.GetServices<SettingsSection>().SelectMany(section => section.Members.Select(section.PathOf));

        Assert.Equal(
            read.Where(name => name.StartsWith("Relay:", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
            listed.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^\| `(?<name>Relay:[\w:]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SettingName();
}
