namespace Relay.Grains.Quotas;

/// <summary>What a choice of this key's calls has put out lately: the estimate for a call that declares no cap.</summary>
internal sealed class OutputAverages
{
    private const double Weight = 1.0 / 8;

    private readonly Dictionary<string, double> _byModel;
    private double? _all;

    public OutputAverages(double? all, IReadOnlyDictionary<string, double> byModel)
    {
        _all = all;
        _byModel = new Dictionary<string, double>(byModel, StringComparer.Ordinal);
    }

    /// <summary>The average over all models; null while nothing was observed.</summary>
    public double? All => _all;

    /// <summary>The output tokens to expect of one choice, 1 or more; null when nothing is known.</summary>
    public long? Expect(string model)
    {
        var average = _byModel.TryGetValue(model, out var known) ? known : _all;
        return average is { } tokens ? (long)Math.Ceiling(tokens) : null;
    }

    /// <summary>Takes in one call that generated something.</summary>
    public void Observe(string model, double outputTokensPerChoice)
    {
        _all = Blend(_all, outputTokensPerChoice);
        if (_byModel.TryGetValue(model, out var known))
        {
            _byModel[model] = Blend(known, outputTokensPerChoice);
        }
        else if (_byModel.Count < WindowCounts.ModelsMax)
        {
            _byModel.Add(model, outputTokensPerChoice);
        }
    }

    /// <summary>A copy of the averages by model.</summary>
    public Dictionary<string, double> ToByModel() => new(_byModel, StringComparer.Ordinal);

    private static double Blend(double? average, double observed) =>
        average is { } known ? known + ((observed - known) * Weight) : observed;
}
