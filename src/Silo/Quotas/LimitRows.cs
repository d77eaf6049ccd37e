using LinqToDB;
using LinqToDB.Data;
using Relay.Grains.Quotas;

namespace Relay.Silo.Quotas;

/// <summary>The limits of one owner, read and written in the caller's transaction.</summary>
internal static class LimitRows
{
    /// <summary>An owner's limits, in no order.</summary>
    public static IQueryable<LimitRow> Of(DataConnection connection, string ownerLevel, string ownerId) =>
        connection.GetTable<LimitRow>().Where(row => row.OwnerLevel == ownerLevel && row.OwnerId == ownerId);

    /// <summary>Adds the limits of an owner who has none.</summary>
    public static async Task InsertAsync(
        DataConnection connection, string ownerLevel, string ownerId, IEnumerable<Limit> limits, CancellationToken cancellationToken)
    {
        foreach (var row in limits.Select((limit, ordinal) => LimitRow.From(limit, ownerLevel, ownerId, ordinal)))
        {
            await connection.InsertAsync(row, token: cancellationToken);
        }
    }

    /// <summary>Puts limits in the place of those that the owner has.</summary>
    public static async Task ReplaceAsync(
        DataConnection connection, string ownerLevel, string ownerId, IEnumerable<Limit> limits, CancellationToken cancellationToken)
    {
        await Of(connection, ownerLevel, ownerId).DeleteAsync(cancellationToken);
        await InsertAsync(connection, ownerLevel, ownerId, limits, cancellationToken);
    }
}
