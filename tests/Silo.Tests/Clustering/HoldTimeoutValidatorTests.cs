using Microsoft.Extensions.Options;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Silo.Clustering;

namespace Relay.Silo.Tests.Clustering;

public sealed class HoldTimeoutValidatorTests
{
    [Theory]
    [InlineData(30, 2, 2, 5)]
    [InlineData(7, 2, 2, 5)]
    [InlineData(3600, 60, 60, 600)]
    public void Validate_HoldOutlivesBoth_FindsNothing(int hold, double lease, double renew, double response) =>
        Assert.Empty(Find(hold, lease, renew, response));

    [Theory]
    [InlineData(6, 2, 2, 5, "must be greater than Relay:Cluster:LeaseSeconds and twice Relay:Cluster:RenewSeconds together (2 + 2 × 2)")]
    [InlineData(30, 2, 14.5, 5, "must be greater than Relay:Cluster:LeaseSeconds and twice Relay:Cluster:RenewSeconds together (2 + 2 × 14.5)")]
    [InlineData(30, 2, 2, 30, "must be greater than Relay:Cluster:ResponseSeconds (30)")]
    public void Validate_HoldDiesFirst_SaysWhichAndWhy(int hold, double lease, double renew, double response, string rule)
    {
        var fault = Assert.Single(Find(hold, lease, renew, response));

        Assert.StartsWith($"Relay:Quotas:HoldTimeoutSeconds is {hold}, and {rule}", fault, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Find(int hold, double lease, double renew, double response) =>
        new HoldTimeoutValidator(
            Options.Create(new OwnershipOptions { LeaseSeconds = lease, RenewSeconds = renew }),
            Options.Create(new MembershipOptions { ResponseSeconds = response }))
            .Validate(null, new QuotaOptions { HoldTimeoutSeconds = hold }).Failures ?? [];
}
