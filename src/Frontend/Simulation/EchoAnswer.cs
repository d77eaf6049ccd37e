using System.Text.Json;

namespace Relay.Frontend.Simulation;

/// <summary>What the simulated model will say: one choice for each echoed text, times <c>n</c>.</summary>
internal sealed record EchoAnswer
{
    /// <summary>The most tokens of one answer: a small request for many choices must not fill the memory.</summary>
    public const int OutputTokensMax = 4_000_000;

    private EchoAnswer(int inputTokens, IReadOnlyList<EchoChoice> choices, bool stream, bool includeUsage)
    {
        InputTokens = inputTokens;
        Choices = choices;
        Stream = stream;
        IncludeUsage = includeUsage;
    }

    /// <summary>The tokens of everything that came in.</summary>
    public int InputTokens { get; }

    /// <summary>The choices, in the order of their index.</summary>
    public IReadOnlyList<EchoChoice> Choices { get; }

    /// <summary>Whether the answer is a stream.</summary>
    public bool Stream { get; }

    /// <summary>Whether a stream says what it used.</summary>
    public bool IncludeUsage { get; }

    /// <summary>The tokens of all choices.</summary>
    public long OutputTokens => Choices.Sum(choice => (long)choice.Pieces.Count);

    /// <summary>Reads what all generating endpoints share; gives the fault instead where it cannot be used.</summary>
    public static EchoAnswer? TryRead(
        EchoBody body, IReadOnlyList<string> texts, int inputTokens, out EchoFault? fault)
    {
        fault = null;
        var stream = false;
        var includeUsage = false;
        if (!body.TryGetCount("n", 128, out var n))
        {
            fault = EchoFault.Invalid("n", "expected a whole number from 1 to 128.");
        }
        else if (!body.TryGetCount("max_tokens", int.MaxValue, out var maxTokens))
        {
            fault = EchoFault.Invalid("max_tokens", "expected a whole number of at least 1.");
        }
        else if (!body.TryGetCount("max_completion_tokens", int.MaxValue, out var maxCompletionTokens))
        {
            fault = EchoFault.Invalid("max_completion_tokens", "expected a whole number of at least 1.");
        }
        else if (!body.TryGetFlag("stream", out stream))
        {
            fault = EchoFault.Invalid("stream", "expected true or false.");
        }
        else if (body.Member("stream_options") is { } options
            && !TryReadOptions(options, stream, out includeUsage))
        {
            fault = EchoFault.Invalid(
                "stream_options", "expected an object whose 'include_usage' is true or false, and only with 'stream': true.");
        }
        else
        {
            var cap = maxCompletionTokens ?? maxTokens ?? int.MaxValue;
            var choices = texts.SelectMany(text => Enumerable.Repeat(EchoChoice.Of(text, cap), n ?? 1)).ToList();
            var answer = new EchoAnswer(inputTokens, choices, stream, includeUsage);
            if (answer.OutputTokens <= OutputTokensMax)
            {
                return answer;
            }

            fault = EchoFault.TooLong;
        }

        return null;
    }

    private static bool TryReadOptions(JsonElement options, bool stream, out bool includeUsage)
    {
        includeUsage = false;
        return stream
            && options.ValueKind == JsonValueKind.Object
            && new EchoBody(options).TryGetFlag("include_usage", out includeUsage);
    }
}
