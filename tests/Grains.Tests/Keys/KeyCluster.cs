using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Storage;
using Orleans.TestingHost;
using Relay.Grains.Accounts;
using Relay.Grains.Admission;
using Relay.Grains.Allotments;
using Relay.Grains.Directory;
using Relay.Grains.Keys;
using Relay.Grains.Ledger;
using Relay.Grains.Models;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Allotments;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;
using Relay.Testing;

namespace Relay.Grains.Tests.Keys;

/// <summary>One silo with Relay's grains, a ledger and a directory in memory, and a clock that a test moves.</summary>
public sealed class KeyCluster : IAsyncLifetime
{
    private readonly Dictionary<string, string> _configuration = new(StringComparer.Ordinal)
    {
        [$"{QuotaOptions.SectionName}:SnapshotEvery"] = "4",
        [$"{QuotaOptions.SectionName}:SnapshotSeconds"] = "0",
        [$"{LedgerOptions.SectionName}:QueueRows"] = "4000",
    };

    private readonly SiloKind _kind;
    private InProcessTestCluster _cluster = null!;
    private int _calls;

    public KeyCluster()
        : this(SiloKind.Only)
    {
    }

    /// <summary>A silo that is alone, or one that needs a lease since there may be others.</summary>
    internal KeyCluster(SiloKind kind, FakeTimeProvider? time = null) =>
        (_kind, Time, Directory) = (kind, time ?? new FakeTimeProvider(Calls.Noon), new MemoryKeyDirectory(Ledger));

    /// <summary>How long after a snapshot the next one may be saved; by default no time at all.</summary>
    public int SnapshotSeconds
    {
        init => _configuration[$"{QuotaOptions.SectionName}:SnapshotSeconds"] = value.ToString(CultureInfo.InvariantCulture);
    }

    public MemoryLedger Ledger { get; } = new();

    public MemoryKeyDirectory Directory { get; }

    public MemoryKeyOwners Owners { get; } = new();

    public MemoryAccountDirectory Accounts { get; } = new();

    public MemoryAllotments Allotments { get; } = new(static _ => true);

    public RecordedWarnings Warnings { get; } = new();

    public FakeTimeProvider Time { get; }

    internal MemorySnapshots Snapshots { get; } = new();

    internal SiloHierarchy Hierarchy => _cluster.Silos[0].ServiceProvider.GetRequiredService<SiloHierarchy>();

    /// <summary>What callers of the silo's process may ask without a grain call.</summary>
    public ILocalKeys Local => _cluster.Silos[0].ServiceProvider.GetRequiredService<ILocalKeys>();

    internal LedgerWriter Writer => _cluster.Silos[0].ServiceProvider.GetRequiredService<LedgerWriter>();

    public async Task InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSiloHost((_, host) => host.Configuration.AddInMemoryCollection(_configuration!));
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(new CurrentPrices(PriceBook.Empty));
            silo.AddRelayGrains(_kind);
            silo.Services.AddKeyedSingleton<IGrainStorage>("usage", Snapshots);
            silo.Services.AddSingleton<TimeProvider>(Time);
            silo.Services.UseTimeProviderForBackgroundAreas(TimeProvider.System);

            // The writer's pauses between two tries pass by themselves; the tests' clock is for windows and deadlines.
            silo.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<LedgerWriter>(services, TimeProvider.System));
            silo.Services.AddSingleton<IUsageLedger>(Ledger);
            silo.Services.AddSingleton<IKeyDirectory>(Directory);
            silo.Services.AddSingleton<IKeyOwners>(Owners);
            silo.Services.AddSingleton<IAccountDirectory>(Accounts);
            silo.Services.AddSingleton<IAllotmentStore>(Allotments);
            silo.Services.AddSingleton<ILimitWarnings>(Warnings);
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        await RenewLeaseAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    public TGrain Grain<TGrain>()
        where TGrain : IGrainWithIntegerKey => _cluster.Client.GetGrain<TGrain>(0);

    public IKeyGrain Key(string id) => _cluster.Client.GetGrain<IKeyGrain>(KeyId.ToGrainKey(id));

    /// <summary>Changes an account, as the admin API does.</summary>
    public Task<Account> PutAccountAsync(AccountId id, AccountChange change) => Grain<IAccountsGrain>().PutAsync(id, change);

    public IAllotmentGrain Allotment(AccountId id) => _cluster.Client.GetGrain<IAllotmentGrain>(id.ToGrainKey());

    public static KeyHash HashOf(string id) => new(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    /// <summary>An id that no other test has.</summary>
    public static string NewId() => KeyId.Prefix + Guid.NewGuid().ToString("N")[..KeyId.RandomLength];

    public async Task<string> CreateAsync(params Limit[] limits)
    {
        var settings = Settings(NewId()) with { Limits = [.. limits] };
        await Key(settings.Id).CreateAsync(settings);
        return settings.Id;
    }

    public KeySettings Settings(string id) => new()
    {
        Id = id,
        Name = "test",
        User = "ann",
        Hash = HashOf(id),
        Hint = "sk-relay-…wxyz",
        CreatedAt = Time.GetUtcNow(),
    };

    public ReserveRequest Request(string id, string model = Calls.Model) => new()
    {
        RequestId = Calls.IdOf(Interlocked.Increment(ref _calls)),
        KeyHash = HashOf(id),
        Endpoint = Calls.Endpoint,
        Model = model,
        InputTokensEstimated = 10,
        OutputTokensMax = 20,
    };

    /// <summary>Reserves a call that must be admitted.</summary>
    public async Task<CallFacts> ReserveAsync(string id)
    {
        var request = Request(id);
        var decision = await Key(id).ReserveAsync(request);
        Assert.Null(decision.Refusal);
        return FactsOf(request, decision);
    }

    /// <summary>What its frontend knows of a call that was admitted.</summary>
    public static CallFacts FactsOf(ReserveRequest request, AdmissionDecision decision) => new()
    {
        RequestId = request.RequestId,
        ReservedAt = decision.ReservedAt,
        Endpoint = request.Endpoint,
        Model = request.Model,
        InputTokensHeld = request.InputTokensEstimated,
        OutputTokensHeld = decision.OutputTokensHeld,
    };

    public Task SettleAsync(string id, CallFacts call, long input = 3, long output = 4) =>
        Key(id).SettleAsync(Calls.Settlement(call, Calls.Tokens(input, output)));

    public async Task<UsageTotals> TotalsAsync(string id) => (await Key(id).GetUsageAsync())!.Totals;

    public async Task<LimitUsage> LimitAsync(string id) => Assert.Single((await Key(id).GetUsageAsync())!.Limits);

    /// <summary>Renews the silo's lease, which no timer does for a silo that is alone.</summary>
    public Task RenewLeaseAsync() =>
        _cluster.Silos[0].ServiceProvider.GetRequiredService<OwnerLease>().RenewAsync(CancellationToken.None);

    /// <summary>Ends the key's activation, as a silo that stops or rebalances would.</summary>
    public async Task RestartAsync(string id) => await _cluster.DeactivateAsync(Key(id));
}
