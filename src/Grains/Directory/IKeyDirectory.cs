using Relay.Grains.Keys;
using Relay.Grains.Ownership;

namespace Relay.Grains.Directory;

/// <summary>The directory's table of keys. Only a key's own grain writes its row.</summary>
public interface IKeyDirectory
{
    /// <summary>Adds a row, and one of the user when there is none, with the organization's default limits; throws when the key's id is taken.</summary>
    Task InsertAsync(KeySettings settings, CancellationToken cancellationToken);

    /// <summary>One row, or null.</summary>
    Task<KeySettings?> FindAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Writes all settings of the owner's key, which has a row that is not revoked; and adds a row of the user as <see cref="InsertAsync"/> does.</summary>
    /// <exception cref="ClaimLostException">The key has another owner by now; nothing was written.</exception>
    Task UpdateAsync(KeyClaim owner, KeySettings settings, CancellationToken cancellationToken);

    /// <summary>Marks the owner's key revoked; does nothing to one that already is.</summary>
    /// <exception cref="ClaimLostException">The key has another owner by now.</exception>
    Task RevokeAsync(KeyClaim owner, DateTimeOffset revokedAt, CancellationToken cancellationToken);

    /// <summary>Rows in the order of their ids after the given one (null: from the start), with the time of each key's newest entry.</summary>
    Task<IReadOnlyList<KeyInfo>> ListAsync(string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Whether any key, revoked ones too, belongs to that user, or any usage: that of a key that has moved to another one.</summary>
    Task<bool> UserExistsAsync(string user, CancellationToken cancellationToken);
}
