using Relay.Grains.Quotas;

namespace Relay.Grains.Accounts;

/// <summary>Names one user, one team or the organization.</summary>
/// <param name="Level">Which of the three it is.</param>
/// <param name="Id">The id, 1 to 128 characters.</param>
[GenerateSerializer, Immutable, Alias("Relay.AccountId")]
public readonly record struct AccountId([property: Id(0)] Level Level, [property: Id(1)] string Id)
{
    /// <summary>The one organization.</summary>
    public static readonly AccountId Organization = new(Level.Organization, Account.OrganizationId);

    /// <summary>The key of the account's grain: <c>u:</c>, <c>t:</c> or <c>o:</c> and the id.</summary>
    public string ToGrainKey() => Level switch
    {
        Level.User => "u:",
        Level.Team => "t:",
        Level.Organization => "o:",
        _ => throw new InvalidOperationException($"A {Level} is no account."),
    } + Id;

    /// <summary>The account of a grain key made by <see cref="ToGrainKey"/>.</summary>
    public static AccountId FromGrainKey(string grainKey) => new(
        grainKey[0] switch
        {
            'u' => Level.User,
            't' => Level.Team,
            _ => Level.Organization,
        },
        grainKey[2..]);

    /// <summary>As people read it: <c>user alice</c>, <c>team growth</c>, <c>the organization</c>.</summary>
    public override string ToString() => Level switch
    {
        Level.User => $"user {Id}",
        Level.Team => $"team {Id}",
        _ => "the organization",
    };
}
