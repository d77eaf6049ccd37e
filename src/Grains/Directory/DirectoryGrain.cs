using Orleans.Concurrency;
using Relay.Grains.Keys;

namespace Relay.Grains.Directory;

/// <inheritdoc cref="IDirectoryGrain" />
[StatelessWorker]
internal sealed class DirectoryGrain(IKeyDirectory directory) : Grain, IDirectoryGrain
{
    /// <inheritdoc />
    public async Task<ImmutableArray<KeyInfo>> ListKeysAsync(string? after, int limit) =>
        [.. await directory.ListAsync(after, limit, CancellationToken.None)];

    /// <inheritdoc />
    public Task<bool> UserExistsAsync(string user) => directory.UserExistsAsync(user, CancellationToken.None);
}
