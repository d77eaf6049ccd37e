namespace Relay.Frontend.Metering;

/// <summary>
/// Counts tokens with a model's vocabulary, where the upstream did not: after the call, on threads of the pool, and a few
/// calls at a time, so that it takes no time from those that run.
/// </summary>
internal sealed class TokenCounter : IDisposable
{
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The tokens of an answer's text: exact for what was kept of it, and in proportion for the rest.</summary>
    public Task<long> CountAsync(string model, OutputText text) => RunAsync(() =>
    {
        var (tokens, bytes) = (0L, 0L);
        foreach (var kept in text.Kept)
        {
            tokens += Vocabulary.Of(model).Count(kept);
            bytes += System.Text.Encoding.UTF8.GetByteCount(kept);
        }

        return bytes == 0 ? TokenEstimator.CountFromTextBytes(text.Bytes)
            : bytes < text.Bytes ? (long)Math.Ceiling(tokens * ((double)text.Bytes / bytes))
            : tokens;
    });

    /// <summary>The tokens that a count of a request's text comes to.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Counts with the vocabulary that it is given.</param>
    public Task<long> CountAsync(string model, Func<Vocabulary, long> count) => RunAsync(() => count(Vocabulary.Of(model)));

    /// <summary>Ends with the process.</summary>
    public void Dispose() => _turns.Dispose();

    private async Task<long> RunAsync(Func<long> count)
    {
        await _turns.WaitAsync();
        try
        {
            return await Task.Run(count);
        }
        finally
        {
            _turns.Release();
        }
    }
}
