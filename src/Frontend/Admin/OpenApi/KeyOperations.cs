using Relay.Frontend.Admin.Contracts;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The operations on keys.</summary>
internal static class KeyOperations
{
    private const string Tag = "Keys";

    private const string Key =
        """
        {
          "id": "key_pf8idra5o7p5tk1p",
          "object": "api_key",
          "name": "alice laptop",
          "user": "alice",
          "status": "active",
          "hint": "sk-relay-…wxyz",
          "models": ["gpt-4o*"],
          "limits": [
            {"metric": "tokens", "window": "month", "amount": 1000000, "model": null, "enforcement": "soft"},
            {"metric": "requests", "window": "minute", "amount": 20, "model": "gpt-4o*", "enforcement": "soft"}
          ],
          "created_at": 1780000000,
          "expires_at": null,
          "last_used_at": 1780003600
        }
        """;

    private const string Text = "sk-relay-pf8idra5o7p5tk1p…";

    public static Operation Create { get; } = new()
    {
        Id = "createKey",
        Tag = Tag,
        Summary = "Make a key",
        Description = "The answer has the key's text in its member `key`; nothing shows it again. A body needs a `user` or a `name`, and each stands for the other if it is absent. Without `limits` it has the organization's `default_key_limits`. A user that is not there is made, with the organization's `default_user_limits`. Unknown members are refused.",
        Body = typeof(CreateKeyBody),
        BodyExample =
            """
            {
              "name": "alice laptop",
              "user": "alice",
              "models": ["gpt-4o*"],
              "expires_at": 4102444800,
              "limits": [
                {"metric": "tokens", "window": "month", "amount": 1000000},
                {"metric": "requests", "window": "minute", "amount": 20, "model": "gpt-4o*"},
                {"metric": "concurrency", "amount": 4}
              ]
            }
            """,
        Status = StatusCodes.Status201Created,
        Answer = typeof(KeyBody),
        AnswerExample = WithText(Key),
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation List { get; } = new()
    {
        Id = "listKeys",
        Tag = Tag,
        Summary = "List keys",
        Description = "All keys, revoked ones too, in the order of their ids.",
        Query = QueryParameter.Page("keys"),
        Answer = typeof(ListBody<KeyBody>),
        AnswerExample = $$"""{"object": "list", "data": [{{Key}}], "first_id": "key_pf8idra5o7p5tk1p", "last_id": "key_pf8idra5o7p5tk1p", "has_more": false}""",
        Failures = [StatusCodes.Status400BadRequest],
    };

    public static Operation Get { get; } = new()
    {
        Id = "getKey",
        Tag = Tag,
        Summary = "Show a key",
        Answer = typeof(KeyBody),
        AnswerExample = Key,
        Failures = [StatusCodes.Status404NotFound],
    };

    public static Operation Update { get; } = new()
    {
        Id = "updateKey",
        Tag = Tag,
        Summary = "Change a key",
        Description = "A merge patch (RFC 7386): what is absent stays, and null clears. `models` and `limits` are replaced as a whole. The change holds for every call that begins after the answer. A revoked key cannot be changed. When `user` changes, calls that begin from then on count for the new user, and what was counted before stays where it was. Unknown members are refused.",
        Body = typeof(PatchKeyBody),
        BodyExample =
            """
            {
              "name": "alice desk",
              "expires_at": null,
              "limits": [{"metric": "tokens", "window": "month", "amount": 500000}]
            }
            """,
        Answer = typeof(KeyBody),
        AnswerExample = Key,
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Rotate { get; } = new()
    {
        Id = "rotateKey",
        Tag = Tag,
        Summary = "Give a key a new text",
        Description = "The answer has the new text in its member `key`; nothing shows it again. Id, counts and limits stay. The text from before is good for `overlap_seconds` more. A second rotation meanwhile ends the oldest text at once. Of an answer that was lost nothing can be read back: rotate again. A revoked key cannot be rotated.",
        Body = typeof(RotateKeyBody),
        IsBodyRequired = false,
        BodyExample = """{"overlap_seconds": 86400}""",
        Answer = typeof(KeyBody),
        AnswerExample = WithText(Key),
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Revoke { get; } = new()
    {
        Id = "revokeKey",
        Tag = Tag,
        Summary = "Revoke a key",
        Description = "For good: every call that begins after the answer is refused. The key stays in the list, and its history where it is.",
        Answer = typeof(DeletedBody),
        AnswerExample = """{"id": "key_pf8idra5o7p5tk1p", "object": "api_key.deleted", "deleted": true}""",
        Failures = [StatusCodes.Status404NotFound],
    };

    public static Operation Usage { get; } = new()
    {
        Id = "getKeyUsage",
        Tag = Tag,
        Summary = "Show what a key has used, and has left",
        Answer = typeof(UsageBody),
        AnswerExample = $$"""
            {
              "id": "key_pf8idra5o7p5tk1p",
              "totals": {{UsageOperations.Totals}},
              "by_model": [{{UsageOperations.ModelTotals}}],
              "limits": [{"metric": "tokens", "window": "month", "amount": 1000000, "used": 18, "held": 0, "remaining": 999982, "resets_at": 1780272000}]
            }
            """,
        Failures = [StatusCodes.Status404NotFound],
    };

    private static string WithText(string key) => key.TrimEnd()[..^1].TrimEnd() + $", \"key\": \"{Text}\"}}";
}
