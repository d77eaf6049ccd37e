using System.Collections.Immutable;
using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Polly;
using Polly.Retry;
using Relay.Grains.Admission;
using Relay.Grains.Ownership;
using Relay.Silo.Storage;

namespace Relay.Silo.Ownership;

/// <summary>The owners of keys in SQL tables.</summary>
internal sealed class SqlKeyOwners : IKeyOwners
{
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(1);

    private readonly IRelayDatabase _database;
    private readonly IRelayDatabase _leases;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _untilClaimed;

    /// <summary>Uses the tables of that database.</summary>
    /// <param name="database">The database.</param>
    /// <param name="leases">The same by connections of its own, so that a lease never waits behind a thousand claims.</param>
    /// <param name="time">The clock.</param>
    public SqlKeyOwners(IRelayDatabase database, IRelayDatabase leases, TimeProvider time)
    {
        (_database, _leases, _time) = (database, leases, time);
        _untilClaimed = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                // Another activation was faster; there are never more than a few.
                ShouldHandle = arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is { } exception && (exception is RaceLostException || database.IsUniqueViolation(exception))),
                MaxRetryAttempts = 20,
                Delay = TimeSpan.FromMilliseconds(5),
                UseJitter = true,
            })
            .Build();
    }

    public async Task<ClaimedKey> ClaimAsync(string keyId, string silo, CancellationToken cancellationToken)
    {
        var claimed = default(ClaimedKey);
        await _untilClaimed.ExecuteAsync(
            async token => await _database.WriteAsync(
                async (connection, inner) => claimed = await ClaimAsync(connection, keyId, silo, inner), token),
            cancellationToken);
        return claimed!;
    }

    public Task ReleaseAsync(KeyClaim claim, ImmutableArray<HoldRenewal>? holds, CancellationToken cancellationToken)
    {
        var json = holds is { } known ? JsonSerializer.Serialize(known) : null;
        return _database.WriteAsync(
            (connection, token) => Owned(connection, claim)
                .Set(row => row.Released, 1)
                .Set(row => row.Holds, json)
                .UpdateAsync(token),
            cancellationToken);
    }

    public async Task<IReadOnlyList<KeyClaim>?> RenewLeaseAsync(
        string silo, long generation, IReadOnlyList<KeyClaim> known, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var lost = default(List<KeyClaim>);
        await _leases.WriteAsync(
            async (connection, token) =>
            {
                lost = null;
                var renewed = await connection.GetTable<SiloLeaseRow>()
                    .Where(row => row.SiloId == silo && row.Generation == generation)
                    .Set(row => row.RenewedAt, now)
                    .UpdateAsync(token);
                if (renewed == 0)
                {
                    await BeginLeaseAsync(connection, new SiloLeaseRow { SiloId = silo, RenewedAt = now, Generation = generation + 1 }, token);
                    return;
                }

                foreach (var claim in known)
                {
                    await connection.GetTable<LostClaimRow>()
                        .Where(row => row.SiloId == silo && row.KeyId == claim.KeyId && row.Epoch == claim.Epoch)
                        .DeleteAsync(token);
                }

                var rows = await connection.GetTable<LostClaimRow>().Where(row => row.SiloId == silo).ToListAsync(token);
                lost = rows.ConvertAll(static row => new KeyClaim(row.KeyId, row.SiloId, row.Epoch));
            },
            cancellationToken);
        return lost;
    }

    public Task EndLeaseAsync(string silo, CancellationToken cancellationToken) =>
        _leases.WriteAsync((connection, token) => ForgetAsync(connection, silo, token), cancellationToken);

    /// <summary>Forgets every owner: for the only process that uses the database, before it claims any key.</summary>
    public Task ForgetAllAsync(CancellationToken cancellationToken) =>
        _database.WriteAsync(
            async (connection, token) =>
            {
                await connection.GetTable<KeyOwnerRow>().DeleteAsync(token);
                await connection.GetTable<LostClaimRow>().DeleteAsync(token);
                await connection.GetTable<SiloLeaseRow>().DeleteAsync(token);
            },
            cancellationToken);

    /// <summary>
    /// For a transaction that changes what only a key's owner may: keeps others from claiming the key until it is committed.
    /// </summary>
    /// <exception cref="ClaimLostException">The claim is not the newest.</exception>
    public static async Task LockAsync(DataConnection connection, KeyClaim claim, CancellationToken cancellationToken)
    {
        // Writes what is there: an update takes the row's lock in every database. Who has given the key up owns nothing any more.
        var owned = await Owned(connection, claim)
            .Where(row => row.Released == 0)
            .Set(row => row.Epoch, claim.Epoch)
            .UpdateAsync(cancellationToken);
        if (owned == 0)
        {
            throw new ClaimLostException(claim);
        }
    }

    private static IQueryable<KeyOwnerRow> Owned(DataConnection connection, KeyClaim claim) =>
        connection.GetTable<KeyOwnerRow>()
            .Where(row => row.KeyId == claim.KeyId && row.SiloId == claim.Silo && row.Epoch == claim.Epoch);

    private static async Task<ClaimedKey> ClaimAsync(
        DataConnection connection, string keyId, string silo, CancellationToken cancellationToken)
    {
        var before = await connection.GetTable<KeyOwnerRow>().FirstOrDefaultAsync(row => row.KeyId == keyId, cancellationToken);
        if (before is null)
        {
            await connection.InsertAsync(
                new KeyOwnerRow { KeyId = keyId, SiloId = silo, Epoch = 1, Released = 0, Holds = null }, token: cancellationToken);
            return new ClaimedKey(new KeyClaim(keyId, silo, 1), PreviousOwner.HandedOver, []);
        }

        var epoch = before.Epoch + 1;
        var taken = await connection.GetTable<KeyOwnerRow>()
            .Where(row => row.KeyId == keyId && row.Epoch == before.Epoch && row.Released == before.Released)
            .Set(row => row.SiloId, silo)
            .Set(row => row.Epoch, epoch)
            .Set(row => row.Released, 0)
            .Set(row => row.Holds, (string?)null)
            .UpdateAsync(cancellationToken);
        if (taken == 0)
        {
            throw new RaceLostException();
        }

        var previous = before.Released == 1 && before.Holds is not null ? PreviousOwner.HandedOver
            : before.Released == 1 || string.Equals(before.SiloId, silo, StringComparison.Ordinal) ? PreviousOwner.Stopped
            : PreviousOwner.Unknown;
        if (previous == PreviousOwner.Unknown
            && await connection.GetTable<SiloLeaseRow>().AnyAsync(row => row.SiloId == before.SiloId, cancellationToken))
        {
            // A silo without a lease loses all its keys when it begins one.
            await connection.InsertAsync(
                new LostClaimRow { SiloId = before.SiloId, KeyId = keyId, Epoch = before.Epoch }, token: cancellationToken);
        }

        return new ClaimedKey(
            new KeyClaim(keyId, silo, epoch),
            previous,
            previous == PreviousOwner.HandedOver ? JsonSerializer.Deserialize<ImmutableArray<HoldRenewal>>(before.Holds!) : []);
    }

    /// <summary>Begins a lease, and forgets what no silo will ask for any more.</summary>
    private static async Task BeginLeaseAsync(DataConnection connection, SiloLeaseRow lease, CancellationToken cancellationToken)
    {
        var leases = connection.GetTable<SiloLeaseRow>();

        // The claims that it has lost stay: of those that it has made meanwhile it must hear.
        await leases.Where(row => row.SiloId == lease.SiloId).DeleteAsync(cancellationToken);
        await connection.InsertAsync(lease, token: cancellationToken);
        var limit = lease.RenewedAt - (long)ForgottenAfter.TotalMilliseconds;
        await leases.Where(row => row.RenewedAt < limit).DeleteAsync(cancellationToken);
        await connection.GetTable<LostClaimRow>()
            .Where(lost => !leases.Any(row => row.SiloId == lost.SiloId))
            .DeleteAsync(cancellationToken);
    }

    private static async Task ForgetAsync(DataConnection connection, string silo, CancellationToken cancellationToken)
    {
        await connection.GetTable<LostClaimRow>().Where(row => row.SiloId == silo).DeleteAsync(cancellationToken);
        await connection.GetTable<SiloLeaseRow>().Where(row => row.SiloId == silo).DeleteAsync(cancellationToken);
    }

    /// <summary>Another activation has claimed the key between reading and writing its row.</summary>
    private sealed class RaceLostException : Exception;
}
