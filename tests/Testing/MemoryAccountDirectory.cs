using Relay.Grains.Accounts;
using Relay.Grains.Quotas;

namespace Relay.Testing;

/// <summary>A directory of users, teams and the organization in memory.</summary>
public sealed class MemoryAccountDirectory : IAccountDirectory
{
    private static readonly Account Organization = new()
    {
        Level = Level.Organization,
        Id = Account.OrganizationId,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, Account> _accounts = new() { [AccountId.Organization] = Organization };
    private long _version = 1;

    /// <summary>What each question for the version awaits before it is answered; nothing by default.</summary>
    public Func<Task> BeforeAnswering { get; set; } = static () => Task.CompletedTask;

    /// <summary>How often all accounts were read.</summary>
    public int Reads { get; private set; }

    /// <inheritdoc />
    public async Task<long> ReadVersionAsync(CancellationToken cancellationToken)
    {
        await BeforeAnswering().WaitAsync(cancellationToken);
        lock (_lock)
        {
            return _version;
        }
    }

    /// <inheritdoc />
    public Task<(long Version, IReadOnlyList<Account> Accounts)> ReadAllAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Reads++;
            return Task.FromResult((_version, (IReadOnlyList<Account>)[.. _accounts.Values]));
        }
    }

    /// <inheritdoc />
    public Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult(_accounts.GetValueOrDefault(id));
        }
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<Account>> ListAsync(Level level, string? after, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<Account>>(
            [
                .. _accounts.Values
                    .Where(account => account.Level == level && string.CompareOrdinal(account.Id, after) > 0)
                    .OrderBy(static account => account.Id, StringComparer.Ordinal)
                    .Take(limit),
            ]);
        }
    }

    /// <inheritdoc />
    public Task<Account> PutAsync(AccountId id, Func<Account?, Account> change, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _version++;
            return Task.FromResult(_accounts[id] = change(_accounts.GetValueOrDefault(id)));
        }
    }
}
