using Microsoft.ML.Tokenizers;

namespace Relay.Frontend.Metering;

/// <summary>A vocabulary of OpenAI's models, by which text is counted in tokens.</summary>
internal sealed class Vocabulary
{
    /// <summary>That of the models since GPT-4o; taken for models that nobody knows, too.</summary>
    public static readonly Vocabulary O200k = new("o200k_base");

    /// <summary>That of GPT-4, GPT-3.5 and the embedding models.</summary>
    public static readonly Vocabulary Cl100k = new("cl100k_base");

    // A run of text without a blank costs the square of its length to count, so no more than this is counted in one go.
    private const int SliceCharactersMax = 1024;

    private static readonly string[] Cl100kFamilies = ["gpt-3.5", "gpt-35", "gpt-4-", "text-embedding-", "davinci-002", "babbage-002"];

    // Built on first use: it costs tens of megabytes, which a Relay whose upstream reports usage never needs.
    private readonly Lazy<TiktokenTokenizer> _tokenizer;

    private Vocabulary(string encoding) => _tokenizer = new(() => TiktokenTokenizer.CreateForEncoding(encoding));

    /// <summary>The tokenizer itself.</summary>
    public TiktokenTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>The vocabulary of a model, by its name; names of fine-tuned models and names behind a provider's, such as <c>openai/gpt-4</c>, are understood.</summary>
    public static Vocabulary Of(string model)
    {
        var name = model.AsSpan(model.LastIndexOf('/') + 1);
        name = name.StartsWith("ft:", StringComparison.OrdinalIgnoreCase) ? name[3..] : name;
        foreach (var family in Cl100kFamilies)
        {
            if (name.StartsWith(family, StringComparison.OrdinalIgnoreCase))
            {
                return Cl100k;
            }
        }

        return name.Equals("gpt-4", StringComparison.OrdinalIgnoreCase) || name.StartsWith("gpt-4:", StringComparison.OrdinalIgnoreCase) ? Cl100k : O200k;
    }

    /// <summary>
    /// The tokens of a text. Long texts are counted slice by slice, cut before a blank, where tokens end anyway: the sum is
    /// exact, but for a run of more than 1,024 characters without a blank, where each cut may cost a token.
    /// </summary>
    public long Count(string text)
    {
        var tokens = 0L;
        var rest = text.AsSpan();
        while (rest.Length > SliceCharactersMax)
        {
            var length = SliceLength(rest[..(SliceCharactersMax + 1)]);
            tokens += Tokenizer.CountTokens(rest[..length]);
            rest = rest[length..];
        }

        return tokens + Tokenizer.CountTokens(rest);
    }

    // The window is one longer than a slice may be.
    private static int SliceLength(ReadOnlySpan<char> window)
    {
        for (var i = window.Length - 1; i > 0; i--)
        {
            if (window[i] == ' ' && !char.IsWhiteSpace(window[i - 1]))
            {
                return i;
            }
        }

        return char.IsHighSurrogate(window[^2]) ? window.Length - 2 : window.Length - 1;
    }
}
