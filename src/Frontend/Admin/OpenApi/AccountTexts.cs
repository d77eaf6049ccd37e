namespace Relay.Frontend.Admin.OpenApi;

/// <summary>What the document says of users, teams and the organization alike.</summary>
internal static class AccountTexts
{
    /// <summary>What each of their changes does.</summary>
    public const string Replaces =
        "The body has all settings: what is absent has its default. The change holds for every call that begins after the answer, whichever process "
        + "takes it; so that in a cluster the answer takes two seconds (`Relay:Cluster:LeaseSeconds`). Two limits with the same metric, window, model "
        + "and enforcement are refused, and so are unknown members.";

    /// <summary>A usage, as JSON.</summary>
    public static string Usage(string id) => $$"""
        {
          "id": "{{id}}",
          "totals": {{UsageOperations.Totals}},
          "by_model": [{{UsageOperations.ModelTotals}}],
          "limits": [{"metric": "cost", "window": "month", "amount": 500, "used": 0.00000675, "held": 0, "remaining": 499.99999325, "resets_at": 1780272000}]
        }
        """;
}
