using Relay.Grains.Keys;

namespace Relay.Grains.Directory;

/// <summary>Reads the directory as a whole; what is about one key is asked of its <see cref="IKeyGrain"/>. Any activation answers the same.</summary>
[Alias("Relay.IDirectoryGrain"), GrainInterfaceType("relay.directory")]
public interface IDirectoryGrain : IGrainWithIntegerKey
{
    /// <summary>Keys in the order of their ids, after the given id (null: from the start), at most <paramref name="limit"/> of them.</summary>
    [Alias("ListKeys")]
    Task<ImmutableArray<KeyInfo>> ListKeysAsync(string? after, int limit);

    /// <summary>Whether any key, revoked ones too, belongs to that user, or any usage: that of a key that has moved to another one.</summary>
    [Alias("UserExists")]
    Task<bool> UserExistsAsync(string user);
}
