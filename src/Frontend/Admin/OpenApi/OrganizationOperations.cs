using Relay.Frontend.Admin.Contracts;

namespace Relay.Frontend.Admin.OpenApi;

/// <summary>The operations on the organization.</summary>
internal static class OrganizationOperations
{
    private const string Tag = "Organization";

    private const string Organization =
        """
        {
          "id": "organization",
          "object": "organization",
          "name": "Example Corp",
          "status": "active",
          "limits": [{"metric": "cost", "window": "month", "amount": 20000, "model": null, "enforcement": "soft"}],
          "default_key_limits": [{"metric": "requests", "window": "minute", "amount": 600, "model": null, "enforcement": "soft"}],
          "default_user_limits": [{"metric": "cost", "window": "month", "amount": 50, "model": null, "enforcement": "soft"}]
        }
        """;

    public static Operation Get { get; } = new()
    {
        Id = "getOrganization",
        Tag = Tag,
        Summary = "Show the organization",
        Description = "It is always there.",
        Answer = typeof(OrganizationBody),
        AnswerExample = Organization,
    };

    public static Operation Put { get; } = new()
    {
        Id = "putOrganization",
        Tag = Tag,
        Summary = "Change all settings of the organization",
        Description = AccountTexts.Replaces,
        Body = typeof(PutOrganizationBody),
        BodyExample =
            """
            {
              "name": "Example Corp",
              "limits": [{"metric": "cost", "window": "month", "amount": 20000}],
              "default_key_limits": [{"metric": "requests", "window": "minute", "amount": 600}],
              "default_user_limits": [{"metric": "cost", "window": "month", "amount": 50}]
            }
            """,
        Answer = typeof(OrganizationBody),
        AnswerExample = Organization,
        Failures = [StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge],
    };

    public static Operation Usage { get; } = new()
    {
        Id = "getOrganizationUsage",
        Tag = Tag,
        Summary = "Show what the organization has used, and has left",
        Description = "All calls of all keys.",
        Answer = typeof(UsageBody),
        AnswerExample = AccountTexts.Usage("organization"),
    };
}
