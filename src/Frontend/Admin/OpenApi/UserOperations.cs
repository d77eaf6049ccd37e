using Relay.Frontend.Admin.Contracts;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The operations on users.</summary>
internal static class UserOperations
{
    private const string Tag = "Users";

    private const string User =
        """
        {
          "id": "alice",
          "object": "user",
          "name": "Alice Example",
          "team": "growth",
          "status": "active",
          "limits": [{"metric": "cost", "window": "month", "amount": 50, "model": null, "enforcement": "soft"}],
          "created_at": 1780000000
        }
        """;

    public static Operation List { get; } = new()
    {
        Id = "listUsers",
        Tag = Tag,
        Summary = "List users",
        Description = "In the order of their ids. A user is there with the first key.",
        Query = QueryParameter.Page("users"),
        Answer = typeof(ListBody<UserBody>),
        AnswerExample = $$"""{"object": "list", "data": [{{User}}], "first_id": "alice", "last_id": "alice", "has_more": false}""",
        Failures = [StatusCodes.Status400BadRequest],
    };

    public static Operation Get { get; } = new()
    {
        Id = "getUser",
        Tag = Tag,
        Summary = "Show a user",
        Answer = typeof(UserBody),
        AnswerExample = User,
        Failures = [StatusCodes.Status404NotFound],
    };

    public static Operation Put { get; } = new()
    {
        Id = "putUser",
        Tag = Tag,
        Summary = "Make a user, or change all settings of one",
        Description = $"{AccountTexts.Replaces} With another `team`, calls that begin after the answer count for that one, and what was counted before stays where it was.",
        Body = typeof(PutUserBody),
        BodyExample =
            """
            {
              "name": "Alice Example",
              "team": "growth",
              "limits": [{"metric": "cost", "window": "month", "amount": 50}]
            }
            """,
        Answer = typeof(UserBody),
        AnswerExample = User,
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Usage { get; } = new()
    {
        Id = "getUserUsage",
        Tag = Tag,
        Summary = "Show what a user has used, and has left",
        Description = "A user is whoever a key belongs to, or belonged to when calls were counted.",
        Answer = typeof(UsageBody),
        AnswerExample = AccountTexts.Usage("alice"),
        Failures = [StatusCodes.Status404NotFound],
    };
}
