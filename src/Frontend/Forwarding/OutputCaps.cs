using System.Globalization;
using System.Text;
using Relay.Frontend.Endpoints;

namespace Relay.Frontend.Forwarding;

/// <summary>Lowers the cap of a request's output.</summary>
/// <param name="places">Where the body has one, in order of offset.</param>
/// <param name="bodyStart">The offset of the body's opening brace.</param>
/// <param name="memberToAdd">What a body without a cap gets; null where no output is generated.</param>
internal sealed class OutputCaps(IReadOnlyList<OutputCapPlace> places, long bodyStart, string? memberToAdd)
{
    /// <summary>Of an endpoint without output.</summary>
    public static readonly OutputCaps None = new([], 0, null);

    /// <summary>
    /// What lets no choice put out more, in order of offset: caps that are higher are lowered, whichever of its members the client used.
    /// A body without any gets one.
    /// </summary>
    public IEnumerable<ByteEdit> ToEdits(long tokensMax)
    {
        var value = Encoding.ASCII.GetBytes(tokensMax.ToString(CultureInfo.InvariantCulture));
        if (places.Any(static place => place.Tokens is not null))
        {
            return places
                .Where(place => place.Tokens > tokensMax)
                .Select(place => new ByteEdit(place.Offset, place.Length, value));
        }

        // Not beside a null of the same name: of two, an upstream might take that one.
        var nulls = places.Where(place => string.Equals(place.Member, memberToAdd, StringComparison.Ordinal)).ToList();
        return nulls.Count > 0 ? nulls.Select(place => new ByteEdit(place.Offset, place.Length, value))
            : memberToAdd is null ? []
            : [new ByteEdit(bodyStart + 1, 0, Encoding.ASCII.GetBytes($"\"{memberToAdd}\":{tokensMax.ToString(CultureInfo.InvariantCulture)},"))];
    }

    /// <summary>Which member a body without a cap gets: OpenAI's models take only the newer one, other providers know only the older.</summary>
    public static string? MemberToAdd(EndpointSpec endpoint, string model) =>
        endpoint.OutputCaps.IsEmpty ? null
        : IsOfOpenAi(model) ? endpoint.OutputCaps[^1]
        : endpoint.OutputCaps[0];

    private static bool IsOfOpenAi(string model)
    {
        var name = model.StartsWith("ft:", StringComparison.Ordinal) ? model.AsSpan(3) : model;
        return name is ['o', >= '0' and <= '9', ..]
            || name.StartsWith("chatgpt-", StringComparison.Ordinal)
            || (name.StartsWith("gpt-", StringComparison.Ordinal) && !name.StartsWith("gpt-3", StringComparison.Ordinal));
    }
}
