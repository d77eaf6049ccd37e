namespace Relay.Frontend.Admin.Contracts;

/// <summary>The body of <c>POST /admin/api/reprice</c>.</summary>
internal sealed record RepriceBody
{
    /// <summary>The first second of the period in which calls began, in unix seconds.</summary>
    public long? From { get; init; }

    /// <summary>The first second after the period, in unix seconds.</summary>
    public long? To { get; init; }

    /// <summary>A pattern of the models that were asked for; null for all.</summary>
    public string? Model { get; init; }
}
