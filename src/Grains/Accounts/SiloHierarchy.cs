namespace Relay.Grains.Accounts;

/// <summary>
/// What a silo knows of users, teams and the organization. It reads the directory again whenever it renews its lease, before the renewal counts: so
/// a change that is as old as a lease is known to every silo that admits calls.
/// </summary>
internal sealed class SiloHierarchy(IAccountDirectory directory)
{
    private volatile Hierarchy _current = Hierarchy.Empty;

    /// <summary>The newest that is known.</summary>
    public Hierarchy Current => _current;

    /// <summary>Reads what has changed since.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (await directory.ReadVersionAsync(cancellationToken) == _current.Version)
        {
            return;
        }

        var (version, accounts) = await directory.ReadAllAsync(cancellationToken);
        Take(new Hierarchy(version, accounts));
    }

    private void Take(Hierarchy read)
    {
        // Two refreshes may overtake each other.
        while (_current is var known && read.Version > known.Version)
        {
#pragma warning disable CS0420 // Interlocked treats it as volatile.
            if (Interlocked.CompareExchange(ref _current, read, known) == known)
#pragma warning restore CS0420
            {
                return;
            }
        }
    }
}
