using Microsoft.OpenApi;
using Relay.Frontend.Admin.Contracts;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The operations on counts.</summary>
internal static class UsageOperations
{
    /// <summary>A sum, as JSON.</summary>
    public const string Totals =
        """{"requests": 3, "input_tokens": 9, "cached_input_tokens": 0, "output_tokens": 9, "reasoning_tokens": 0, "total_tokens": 18, "cost": {"value": 0.00000675, "currency": "usd"}}""";

    /// <summary>A model's sum, as JSON.</summary>
    public const string ModelTotals =
        """{"model": "gpt-4o-mini", "requests": 3, "input_tokens": 9, "cached_input_tokens": 0, "output_tokens": 9, "reasoning_tokens": 0, "total_tokens": 18, "cost": {"value": 0.00000675, "currency": "usd"}}""";

    private const string Tag = "Usage";

    public static Operation All { get; } = new()
    {
        Id = "getUsage",
        Tag = Tag,
        Summary = "Report who used how much",
        Description = "With `group_by`, each sum begins with a member of that name, such as `\"user\": \"alice\"`. There is one page.",
        Query =
        [
            new QueryParameter("from", JsonSchemaType.Integer, "From when on, in unix seconds; by default from the beginning."),
            new QueryParameter("to", JsonSchemaType.Integer, "Until when, exclusive, in unix seconds; by default until now."),
            new QueryParameter("group_by", JsonSchemaType.String, "What the sums are told apart by; by default there is one sum.", "user", "key", "team", "model", "endpoint"),
        ],
        Answer = typeof(ListBody<TotalsBody>),
        AnswerExample = $$"""{"object": "list", "data": [{{Totals}}], "first_id": null, "last_id": null, "has_more": false}""",
        Failures = [StatusCodes.Status400BadRequest],
    };

    public static Operation Verify { get; } = new()
    {
        Id = "verify",
        Tag = "Operations",
        Summary = "Compare all counts with the ledger",
        Query = [new QueryParameter("repair", JsonSchemaType.String, "What to put right where it differs; by default nothing.", "rollups")],
        Answer = typeof(VerificationBody),
        AnswerExample = """{"object": "verification", "keys": 12, "entries": 3456, "differences": [], "has_more": false}""",
        Failures = [StatusCodes.Status400BadRequest],
    };

    public static Operation Reprice { get; } = new()
    {
        Id = "reprice",
        Tag = "Operations",
        Summary = "Price the calls of a past period anew",
        Description = "By the prices that silos have now, each call by those of its time. Where a call costs something else than is booked, the difference is booked in the call's own window; nothing that is booked is changed. Asked twice, it books nothing twice. A call that has no price stays as it is.",
        Body = typeof(RepriceBody),
        BodyExample = """{"from": 1780000000, "to": 1782600000, "model": "gpt-4o*"}""",
        Answer = typeof(RepricingBody),
        AnswerExample = """{"object": "repricing", "keys": 12, "calls": 3456, "corrections": 78, "cost": {"value": -1.25, "currency": "usd"}}""",
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Outbox { get; } = new()
    {
        Id = "getOutbox",
        Tag = "Operations",
        Summary = "Show the counts that this frontend could not settle yet",
        Answer = typeof(OutboxBody),
        AnswerExample = """{"object": "outbox", "waiting": 0, "in_background": 0, "set_aside": 0, "set_aside_file": null}""",
    };
}
