using CsCheck;
using Relay.Grains.Accounts;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Tests.Simulation;

namespace Relay.Grains.Tests.Allotments;

public sealed class AllotmentProperties
{
    [Fact]
    public void Limits_AnyOrderOfMessagesFaultsAndCrashes_HoldAtEveryAdmission() =>
        Gen.Int.Sample(
            static seed =>
            {
                using var company = new SimulatedCompany(seed, Accounts());
                company.Run(calls: 120);
                company.AssertCeilings();
            },
            iter: 30);

    [Fact]
    public void Limits_CallsThatUseMoreThanWasHeld_ArePassedByNoMoreThanThat() =>
        Gen.Int.Sample(
            static seed =>
            {
                using var company = new SimulatedCompany(seed, Accounts()) { HasOverspending = true };
                company.Run(calls: 120);
                company.AssertCeilings();
            },
            iter: 30);

    /// <summary>What idle keys have been allotted is not lost for the others: of a limit with room for N calls, N are admitted.</summary>
    [Fact]
    public void Exhaust_AfterAnyHistory_AdmitsAsManyCallsAsTheLimitHasRoomFor() =>
        Gen.Int.Sample(
            static seed =>
            {
                using var company = new SimulatedCompany(seed, [Organization(new Limit(Metric.Requests, Window.Total, 200)), User(0), User(1)]);
                company.Run(calls: 60);
                var room = 0L;
                company.Change(AccountId.Organization, account =>
                {
                    room = account.Limits[0].Amount + 100;
                    return account with { Limits = [account.Limits[0] with { Amount = room }] };
                });
                company.Exhaust();
                Assert.Equal(room, company.Admitted);
            },
            iter: 20);

    [Fact]
    public void Run_SomeSeeds_MeetWhatTheRulesAreFor()
    {
        var (admitted, refused) = (0, 0);
        for (var seed = 0; seed < 20; seed++)
        {
            using var company = new SimulatedCompany(seed, Accounts());
            company.Run(calls: 120);
            admitted += company.Admitted;
            refused += company.Refused;
        }

        Assert.All([admitted, refused], static times => Assert.True(times > 100, $"{times} times are too few."));
    }

    [Fact]
    public void Run_SameSeed_IsTheSameRun()
    {
        using var first = new SimulatedCompany(7, Accounts());
        using var second = new SimulatedCompany(7, Accounts());

        first.Run(calls: 60);
        second.Run(calls: 60);

        Assert.Equal(first.Scheduler.Steps, second.Scheduler.Steps);
        Assert.Equal(first.Admitted, second.Admitted);
    }

    private static Account[] Accounts() =>
    [
        Organization(new Limit(Metric.Tokens, Window.Day, 900), new Limit(Metric.Concurrency, Window.Total, 6)),
        Team(0, new Limit(Metric.Requests, Window.Hour, 12), new Limit(Metric.Tokens, Window.Total, 1_500)),
        Team(1, new Limit(Metric.Tokens, Window.Month, 800)),
        User(0, new Limit(Metric.Requests, Window.Day, 20)) with { Team = "team0" },
        User(1) with { Team = "team0" },
    ];

    private static Account Organization(params Limit[] limits) => new()
    {
        Level = Level.Organization,
        Id = Account.OrganizationId,
        CreatedAt = Calls.Noon,
        Limits = [.. limits],
    };

    private static Account Team(int number, params Limit[] limits) => new() { Level = Level.Team, Id = $"team{number}", CreatedAt = Calls.Noon, Limits = [.. limits] };

    private static Account User(int number, params Limit[] limits) => new()
    {
        Level = Level.User,
        Id = SimulatedCompany.UserOf(number),
        CreatedAt = Calls.Noon,
        Limits = [.. limits],
    };
}
