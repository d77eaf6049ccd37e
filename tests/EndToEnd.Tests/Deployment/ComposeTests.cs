using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Relay.Configuration;
using Relay.EndToEnd.Tests.Cluster;
using Relay.Frontend;
using Relay.Frontend.Admission;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Shutdown;
using Relay.Health;
using Relay.Silo.Storage;

namespace Relay.EndToEnd.Tests.Deployment;

/// <summary>Holds the compose file to the code: its settings exist, its paths answer, its times suffice.</summary>
public sealed partial class ComposeTests
{
    private readonly ComposeFile _compose = ComposeFile.Load();

    [Fact]
    public void Services_AreADatabaseTwoSilosTwoFrontendsAndALoadBalancer() => Assert.Equal(
        ["sqlserver", "database", "silo-1", "silo-2", "frontend-1", "frontend-2", "haproxy"],
        _compose.Services);

    [Fact]
    public void Ports_OfTheLoadBalancerOnly_AreOpenOutside() =>
        Assert.Equal(["haproxy"], _compose.Services.Where(service => _compose.Service(service).ContainsKey("ports")));

    [Theory]
    [InlineData("silo-1")]
    [InlineData("silo-2")]
    [InlineData("frontend-1")]
    [InlineData("frontend-2")]
    public void Environment_EachVariable_IsASettingThatRelayTakes(string service)
    {
        var environment = _compose.Environment(service, "a-value-of-dot-env");
        environment["OPENAI_BASE_URL"] = "https://api.example.com/v1";
        string[] others = ["ASPNETCORE_URLS", "ConnectionStrings__Relay", "RELAY_ADMIN_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"];
        Assert.All(environment.Keys.Where(name => !name.StartsWith("Relay__", StringComparison.Ordinal)), name => Assert.Contains(name, others));

        Assert.Empty(FaultsOf(environment));
    }

    [Fact]
    public void Environment_AVariableThatIsNoSetting_IsFound()
    {
        var environment = _compose.Environment("frontend-1", "a-value-of-dot-env");
        environment["OPENAI_BASE_URL"] = "https://api.example.com/v1";
        environment["Relay__Shutdown__StreamSecond"] = "60";

        Assert.Contains("Relay:Shutdown:StreamSecond", Assert.Single(FaultsOf(environment)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silo-1")]
    [InlineData("silo-2")]
    [InlineData("frontend-1")]
    [InlineData("frontend-2")]
    public void HealthCheck_OfRelaysPrograms_AsksForReadinessAtTheirPort(string service)
    {
        var test = (List<object>)ComposeFile.Of(_compose.Service(service), "healthcheck")["test"];

        Assert.Equal($"http://127.0.0.1:{_compose.PortOf(service)}{HealthExtensions.Path}/ready", test[^1]);
    }

    [Theory]
    [InlineData("frontend-1")]
    [InlineData("frontend-2")]
    public void StopGracePeriod_IsLongerThanTheLongestStop(string service)
    {
        var timeMax = TimeMaxOf(service);

        Assert.True(_compose.GraceOf(service) > timeMax, $"A stop may take {timeMax}.");
    }

    [Fact]
    public void Volumes_OfFrontends_AreOneEach()
    {
        var used = new[] { "frontend-1", "frontend-2" }
            .Select(service => (string)Assert.Single((List<object>)_compose.Service(service)["volumes"]))
            .Select(volume => volume.Split(':'))
            .ToList();

        Assert.All(used, volume => Assert.Contains(volume[0], _compose.Volumes));
        Assert.Equal(2, used.Select(volume => volume[0]).Distinct(StringComparer.Ordinal).Count());
        Assert.All(used, volume => Assert.Equal(_compose.Environment("frontend-1", "")["Relay__DataDirectory"], volume[1]));
    }

    [Fact]
    public void DependsOn_EachService_Exists() => Assert.All(
        _compose.Services.Where(service => _compose.Service(service).ContainsKey("depends_on")),
        service => Assert.All(ComposeFile.Of(_compose.Service(service), "depends_on").Keys, other => Assert.Contains((string)other, _compose.Services)));

    [Fact]
    public void EnvExample_NamesExactlyWhatTheFileTakes()
    {
        var named = Repository.Read(".env.example").Split('\n')
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .Select(line => line[..line.IndexOf('=', StringComparison.Ordinal)])
            .Order(StringComparer.Ordinal);

        Assert.Equal(_compose.Variables, named);
    }

    [Fact]
    public void HAProxy_AsksTheFrontendsForReadinessOftenEnough()
    {
        var haproxy = Repository.Read("deploy/haproxy.cfg");
        var port = ((string)Assert.Single((List<object>)_compose.Service("haproxy")["ports"])).Split(':')[^1];
        var check = Check().Match(haproxy);
        var noticed = int.Parse(check.Groups["inter"].ValueSpan, CultureInfo.InvariantCulture) * int.Parse(check.Groups["fall"].ValueSpan, CultureInfo.InvariantCulture);

        Assert.All(
            new[] { "frontend-1", "frontend-2" },
            frontend => Assert.Equal(3, haproxy.Split($"server {frontend} {frontend}:{_compose.PortOf(frontend)}").Length - 1));
        Assert.Contains($"bind :{port}\n", haproxy, StringComparison.Ordinal);
        Assert.Equal(2, haproxy.Split($"option httpchk GET {HealthExtensions.Path}/ready\n").Length - 1);
        Assert.Contains($"rstring \\\"({Readiness.StartupCheck}|{Readiness.ShutdownCheck})\\\"\n", haproxy, StringComparison.Ordinal);
        Assert.InRange(int.Parse(_compose.Environment("frontend-1", "")["Relay__Shutdown__DelaySeconds"]!, CultureInfo.InvariantCulture), (noticed * 2) + 1, 300);
        Assert.True(File.Exists(Repository.PathOf(((string)((List<object>)_compose.Service("haproxy")["volumes"])[0]).Split(':')[0])));
    }

    [Fact]
    public void HAProxy_LongestStop_IsShorterThanItsGraceAndLongerThanAFrontends()
    {
        var stop = TimeSpan.FromSeconds(int.Parse(HardStop().Match(Repository.Read("deploy/haproxy.cfg")).Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture));

        Assert.True(_compose.GraceOf("haproxy") > stop);
        Assert.True(stop > TimeMaxOf("frontend-1"), $"A frontend's stop may take {TimeMaxOf("frontend-1")}.");
    }

    [SkippableFact]
    public async Task HAProxy_ItsSettings_AreValid()
    {
        Skip.If(HAProxy.Path is null, "There is no HAProxy: install the package haproxy.");
        using var check = Process.Start(new ProcessStartInfo(HAProxy.Path, ["-c", "-f", Repository.PathOf("deploy/haproxy.cfg")]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = await check.StandardError.ReadToEndAsync() + await check.StandardOutput.ReadToEndAsync();
        await check.WaitForExitAsync();

        Assert.True(check.ExitCode == 0, said);
    }

    [Fact]
    public void Nginx_KnowsTheFrontendsAndHoldsNothingBack()
    {
        var nginx = Repository.Read("deploy/nginx.conf");

        Assert.All(
            new[] { "frontend-1", "frontend-2" },
            frontend => Assert.Contains($"server {frontend}:{_compose.PortOf(frontend)} ", nginx, StringComparison.Ordinal));
        Assert.Contains("proxy_buffering off;", nginx, StringComparison.Ordinal);
        Assert.Contains($"client_max_body_size {new ForwardingOptions().MaxRequestBodyBytes / 1024 / 1024}m;", nginx, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"check inter (?<inter>\d+)s fall (?<fall>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Check();

    [GeneratedRegex(@"hard-stop-after (?<seconds>\d+)s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HardStop();

    /// <summary>The longest that a frontend's stop may take by its settings.</summary>
    private TimeSpan TimeMaxOf(string service)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(_compose.Environment(service, "x")
            .Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value))).Build();
        return OrderlyStop.TimeMax(
            Bound<ShutdownOptions>(configuration, ShutdownOptions.SectionName),
            Bound<ForwardingOptions>(configuration, ForwardingOptions.SectionName),
            Bound<AdmissionOptions>(configuration, AdmissionOptions.SectionName));
    }

    private static TOptions Bound<TOptions>(IConfiguration configuration, string section)
        where TOptions : new()
    {
        var options = new TOptions();
        configuration.GetSection(section).Bind(options);
        return options;
    }

    /// <summary>What Relay would say of these settings at its start, without starting.</summary>
    private static List<string> FaultsOf(Dictionary<string, string?> environment)
    {
        var folder = Directory.CreateTempSubdirectory("relay-compose-").FullName;
        try
        {
            var builder = FrontendApplication.CreateBuilder([]);
            builder.Configuration.Sources.Clear();
            builder.Configuration.AddInMemoryCollection(environment
                .Where(pair => pair.Key is not "ASPNETCORE_URLS")
                .Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value))
                .Append(KeyValuePair.Create("urls", environment["ASPNETCORE_URLS"])));
            using var directory = DataDirectory.Open(folder);
            using var app = (IDisposable)FrontendApplication.Build(builder, directory);
            return [];
        }
        catch (SettingsException e)
        {
            return [.. e.Faults];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
