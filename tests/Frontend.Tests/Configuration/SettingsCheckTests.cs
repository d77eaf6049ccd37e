using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Relay.Configuration;
using Relay.Frontend.Admission;
using Relay.Frontend.Forwarding;
using Relay.Frontend.Overload;
using Relay.Frontend.Upstreams;

namespace Relay.Frontend.Tests.Configuration;

public sealed class SettingsCheckTests
{
    [Fact]
    public void Run_Defaults_FindsNothing() => Assert.Empty(Find());

    [Theory]
    [InlineData("Relay:Timeouts:Connect", "0.1")]
    [InlineData("Relay:Timeouts:BetweenBytes", "86400")]
    [InlineData("relay:drain:bytes", "0")]
    [InlineData("Relay:Drain:Seconds", "3600")]
    [InlineData("Relay:Admission:ReserveSeconds", "60")]
    [InlineData("OPENAI_BASE_URL", "https://example.com/openai/v1/")]
    public void Run_GoodValue_FindsNothing(string name, string value) => Assert.Empty(Find((name, value)));

    [Theory]
    [InlineData("Relay:Timeouts:Connect", "0", "Relay:Timeouts:Connect must be between 0.1 and 300.")]
    [InlineData("Relay:Timeouts:Connect", "NaN", "Relay:Timeouts:Connect must be between 0.1 and 300.")]
    [InlineData("Relay:Timeouts:Connect", "soon", "Relay:Timeouts:Connect must be a number, not 'soon'.")]
    [InlineData("Relay:Drain:Bytes", "1.5", "Relay:Drain:Bytes must be a whole number, not '1.5'.")]
    [InlineData("Relay:Drain:Bytes", "-1", "Relay:Drain:Bytes must be between 0 and 1073741824.")]
    [InlineData("Relay:MaxRequestBodyBytes", "0", "Relay:MaxRequestBodyBytes must be between 1 and 1073741824.")]
    [InlineData("Relay:Timeouts", "5", "Relay:Timeouts is no setting of this version of Relay. The README lists them.")]
    [InlineData("Relay:Drain", "5", "Relay:Drain is no setting of this version of Relay. The README lists them.")]
    [InlineData("Relay:Timeout:Connect", "5", "Relay:Timeout:Connect is no setting of this version of Relay. The README lists them.")]
    [InlineData("Relay:Drain:Seconds:Max", "5", "Relay:Drain:Seconds:Max is no setting of this version of Relay. The README lists them.")]
    public void Run_BadValue_SaysWhichAndWhy(string name, string value, string fault) => Assert.Equal(fault, Assert.Single(Find((name, value))));

    [Fact]
    public void Run_CallsWaitNoLongerThanAnOwnersChange_SaysWhichAndWhy()
    {
        var fault = Assert.Single(Find(("Relay:Admission:ReserveSeconds", "4")));

        Assert.StartsWith(
            "Relay:Admission:ReserveSeconds is 4, and must be greater than Relay:Cluster:LeaseSeconds and Relay:Cluster:RenewSeconds together (2 + 2)",
            fault,
            StringComparison.Ordinal);
        Assert.Empty(Find(("Relay:Admission:ReserveSeconds", "4.5")));
    }

    [Fact]
    public void Run_LargestBodyHasNoRoom_SaysWhichAndWhy()
    {
        var fault = Assert.Single(Find(("Relay:MaxRequestBodyBytes", "1000000"), ("Relay:Overload:BodyBytes", "3048575")));

        Assert.StartsWith(
            "Relay:Overload:BodyBytes is 3048575, and must be at least twice Relay:MaxRequestBodyBytes (1000000) and 1048576 more",
            fault,
            StringComparison.Ordinal);
        Assert.Empty(Find(("Relay:MaxRequestBodyBytes", "1000000"), ("Relay:Overload:BodyBytes", "3048576")));
    }

    [Theory]
    [InlineData("OPENAI_BASE_URL", "ftp://example.com")]
    [InlineData("OPENAI_BASE_URL", "example.com/v1")]
    [InlineData("OPENAI_BASE_URL", "https://user:secret@example.com/v1")]
    [InlineData("OPENAI_API_KEY", "sk-secret with spaces")]
    public void Run_BadUpstream_NamesTheVariableAndNoSecret(string name, string value)
    {
        var fault = Assert.Single(Find((name, value)));

        Assert.StartsWith(name, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ManyFaults_HideNone()
    {
        (string, string)[] bad =
        [
            ("urls", "nowhere"),
            ("OPENAI_BASE_URL", "nowhere"),
            ("Relay:Timeouts:Connect", "soon"),
            ("Relay:Timeouts:FirstByte", "-1"),
            ("Relay:Drain:Seconds", "-1"),
            ("Relay:Drain:Bytes", "many"),
            ("Relay:MaxRequestBodyBytes", "0"),
            ("Relay:Overload:Calls", "0"),
            ("Relay:Overload:BodyBytes", "-1"),
            ("Relay:Nothing", "1"),
        ];

        Assert.Equal(bad.Length, Find(bad).Count);
    }

    private static IReadOnlyList<string> Find(params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Name, setting.Value)));
        builder.AddUpstreams();
        builder.AddAdmission();
        builder.AddOverload();
        builder.AddForwarding();
        using var provider = Microsoft.Extensions.DependencyInjection.ServiceCollectionContainerBuilderExtensions.BuildServiceProvider(builder.Services);
        try
        {
            SettingsCheck.Run(provider);
            return [];
        }
        catch (SettingsException e)
        {
            return e.Faults;
        }
    }
}
