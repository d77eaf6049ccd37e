using System.Security.Cryptography;
using System.Text.Json;
using Relay.Grains.Allotments;
using Relay.Grains.Quotas;
using Relay.Silo.Storage;

namespace Relay.Silo.Allotments;

/// <summary>The id of an account's limit in tables: short, whatever the account's id and the model pattern are.</summary>
internal static class LimitId
{
    /// <summary>The first half of a SHA-256 over the limit's name, as 32 hex digits.</summary>
    public static string Of(LimitKey limit)
    {
        string?[] name =
        [
            StoredName<Level>.Of(limit.Account.Level),
            limit.Account.Id,
            StoredName<Metric>.Of(limit.Metric),
            StoredName<Window>.Of(limit.Window),
            limit.Model,
            StoredName<Enforcement>.Of(limit.Enforcement),
        ];
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(name)).AsSpan(0, 16));
    }

    /// <summary>A window's end as the tables have it.</summary>
    public static long WindowEndOf(DateTimeOffset end) => end == DateTimeOffset.MaxValue ? long.MaxValue : end.ToUnixTimeMilliseconds();
}
