using Relay.Grains.Ownership;

namespace Relay.Grains.Keys;

/// <content>Changes of the key's settings: the directory first, then the book.</content>
internal sealed partial class KeyGrain
{
    private Task _turn = Task.CompletedTask;

    /// <inheritdoc />
    public async Task CreateAsync(KeySettings settings)
    {
        if (!string.Equals(settings.Id, Id, StringComparison.Ordinal))
        {
            throw new ArgumentException($"The settings are of {settings.Id}, not of {Id}.", nameof(settings));
        }

        ThrowIfStale();
        if (_settings is not null)
        {
            // A create whose answer was lost comes again.
            if (_settings.Hash != settings.Hash)
            {
                throw new InvalidOperationException($"There is a key {Id} already.");
            }

            return;
        }

        await ChangeAsync(async () =>
        {
            await ClaimAsync(CancellationToken.None);
            await directory.InsertAsync(settings, CancellationToken.None);
        });
        Take(settings);
    }

    /// <inheritdoc />
    public Task<KeyInfo?> UpdateAsync(KeyPatch patch) => ChangeSettingsAsync(patch.ApplyTo);

    /// <inheritdoc />
    public Task<KeyInfo?> RotateAsync(KeyRotation rotation) =>
        ChangeSettingsAsync(settings => rotation.ApplyTo(settings, time.GetUtcNow()));

    /// <inheritdoc />
    public Task<bool> RevokeAsync() => InTurnAsync(async () =>
    {
        if (_settings is { RevokedAt: null } active)
        {
            var revokedAt = time.GetUtcNow();
            await ChangeAsync(() => directory.RevokeAsync(_owner!.Claim, revokedAt, CancellationToken.None));
            Take(active with { RevokedAt = revokedAt });
        }

        return _settings is not null;
    });

    private Task<KeyInfo?> ChangeSettingsAsync(Func<KeySettings, KeySettings> change) => InTurnAsync(async () =>
    {
        if (_settings is { RevokedAt: null } active)
        {
            var settings = change(active);
            await ChangeAsync(() => directory.UpdateAsync(_owner!.Claim, settings, CancellationToken.None));
            Take(settings);
        }

        return _settings is { } current ? new KeyInfo(current, _book.LastUsedAt) : null;
    });

    /// <summary>Runs one change at a time, each on what the one before has left, and once nobody else admits with what was before.</summary>
    private async Task<T> InTurnAsync<T>(Func<Task<T>> change)
    {
        var before = _turn;
        var turn = new TaskCompletionSource();
        _turn = turn.Task;
        await before;
        try
        {
            ThrowIfStale();
            if (FindSettings() is not null)
            {
                // An owner before this one that still admits would not hear of the change.
                await _owner!.WaitUntilSoleAsync(CancellationToken.None);
            }

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
