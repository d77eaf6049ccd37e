using Relay.Grains.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Quotas;

/// <summary>What a row of <c>limits</c> says of whose it is. Besides the levels there are limits that nobody has yet.</summary>
internal static class LimitOwner
{
    /// <summary>The organization's, for keys that are made without any.</summary>
    public const string DefaultKey = "default_key";

    /// <summary>The organization's, for users that are made without any.</summary>
    public const string DefaultUser = "default_user";

    /// <summary>A key's.</summary>
    public static readonly string Key = Of(Level.Key);

    /// <summary>A level's own.</summary>
    public static string Of(Level level) => StoredName<Level>.Of(level);
}
