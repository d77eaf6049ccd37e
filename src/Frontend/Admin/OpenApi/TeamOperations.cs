using Relay.Frontend.Admin.Contracts;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The operations on teams.</summary>
internal static class TeamOperations
{
    private const string Tag = "Teams";

    private const string Team =
        """
        {
          "id": "growth",
          "object": "team",
          "name": "Growth",
          "status": "active",
          "limits": [{"metric": "cost", "window": "month", "amount": 500, "model": null, "enforcement": "soft"}],
          "created_at": 1780000000
        }
        """;

    public static Operation List { get; } = new()
    {
        Id = "listTeams",
        Tag = Tag,
        Summary = "List teams",
        Description = "In the order of their ids.",
        Query = QueryParameter.Page("teams"),
        Answer = typeof(ListBody<TeamBody>),
        AnswerExample = $$"""{"object": "list", "data": [{{Team}}], "first_id": "growth", "last_id": "growth", "has_more": false}""",
        Failures = [StatusCodes.Status400BadRequest],
    };

    public static Operation Get { get; } = new()
    {
        Id = "getTeam",
        Tag = Tag,
        Summary = "Show a team",
        Answer = typeof(TeamBody),
        AnswerExample = Team,
        Failures = [StatusCodes.Status404NotFound],
    };

    public static Operation Put { get; } = new()
    {
        Id = "putTeam",
        Tag = Tag,
        Summary = "Make a team, or change all settings of one",
        Description = $"{AccountTexts.Replaces} Who is in a team, users say: their `team`.",
        Body = typeof(PutTeamBody),
        BodyExample = """{"name": "Growth", "limits": [{"metric": "cost", "window": "month", "amount": 500}]}""",
        Answer = typeof(TeamBody),
        AnswerExample = Team,
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Usage { get; } = new()
    {
        Id = "getTeamUsage",
        Tag = Tag,
        Summary = "Show what a team has used, and has left",
        Description = "The calls of whoever was in the team when they began.",
        Answer = typeof(UsageBody),
        AnswerExample = AccountTexts.Usage("growth"),
        Failures = [StatusCodes.Status404NotFound],
    };
}
