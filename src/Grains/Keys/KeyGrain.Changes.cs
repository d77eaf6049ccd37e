using Relay.Grains.Ownership;

namespace Relay.Grains.Keys;

/// <content>Changes of the key's settings: the directory first, then the book.</content>
internal sealed partial class KeyGrain
{
    private Task _turn = Task.CompletedTask;

    /// <inheritdoc />
    public Task CreateAsync(KeySettings settings)
    {
        if (!string.Equals(settings.Id, Id, StringComparison.Ordinal))
        {
            throw new ArgumentException($"The settings are of {settings.Id}, not of {Id}.", nameof(settings));
        }

        // A create whose answer was lost comes again, even while the first is under way.
        return InTurnAsync(async () =>
        {
            if (_settings is null)
            {
                await InsertAsync(settings);
            }
            else if (_settings.Hash != settings.Hash)
            {
                throw new InvalidOperationException($"There is a key {Id} already.");
            }

            return true;
        });
    }

    /// <inheritdoc />
    public Task<KeyInfo?> UpdateAsync(KeyPatch patch) => ChangeSettingsAsync(patch.ApplyTo);

    /// <inheritdoc />
    public Task<KeyInfo?> RotateAsync(KeyRotation rotation) =>
        ChangeSettingsAsync(settings => rotation.ApplyTo(settings, time.GetUtcNow()));

    /// <inheritdoc />
    public Task<bool> RevokeAsync() => InTurnOfOwnerAsync(async () =>
    {
        if (_settings is { RevokedAt: null } active)
        {
            var revokedAt = time.GetUtcNow();
            await ChangeAsync(() => directory.RevokeAsync(_owner!.Claim, revokedAt, CancellationToken.None));
            Take(active with { RevokedAt = revokedAt });
        }

        return _settings is not null;
    });

    private Task<KeyInfo?> ChangeSettingsAsync(Func<KeySettings, KeySettings> change) => InTurnOfOwnerAsync(async () =>
    {
        if (_settings is { RevokedAt: null } active)
        {
            var settings = change(active);
            await ChangeAsync(() => directory.UpdateAsync(_owner!.Claim, settings, CancellationToken.None));
            Take(settings);
        }

        return _settings is { } current ? new KeyInfo(current, _book.LastUsedAt) : null;
    });

    private async Task InsertAsync(KeySettings settings)
    {
        try
        {
            await ChangeAsync(async () =>
            {
                (_owner, var claimed) = await lease.ClaimAsync(Id, CancellationToken.None);
                BeOwner(_owner, claimed.Previous);
                await directory.InsertAsync(settings, CancellationToken.None);
            });
            Take(settings);
        }
        catch (Exception)
        {
            // It may be there all the same: by this try, or by an earlier one at another activation.
            if ((await directory.FindAsync(Id, CancellationToken.None))?.Hash != settings.Hash)
            {
                throw;
            }
        }
    }

    /// <summary>Runs one change of a key that there is, once nobody else admits with what was before.</summary>
    private Task<T> InTurnOfOwnerAsync<T>(Func<Task<T>> change) => InTurnAsync(async () =>
    {
        if (FindSettings() is not null)
        {
            // An owner before this one that still admits would not hear of the change.
            await _owner!.WaitUntilSoleAsync(CancellationToken.None);
        }

        return await change();
    });

    /// <summary>Runs one change at a time, each on what the one before has left.</summary>
    private async Task<T> InTurnAsync<T>(Func<Task<T>> change)
    {
        var before = _turn;
        var turn = new TaskCompletionSource();
        _turn = turn.Task;
        await before;
        try
        {
            ThrowIfStale();
            return await change();
        }
        finally
        {
            turn.SetResult();
        }
    }

    /// <summary>Writes to the directory. When it fails, what is written there is unknown, and the next activation reads it.</summary>
    private async Task ChangeAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception exception)
        {
            _calls.StepDown(exception);
            if (exception is ClaimLostException)
            {
                _calls.ThrowIfSteppedDown();
            }

            throw;
        }
    }
}
