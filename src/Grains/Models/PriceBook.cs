using Relay.Grains.Admission;
using Relay.Grains.Usage;

namespace Relay.Grains.Models;

/// <summary>All prices that a silo knows at a moment. Immutable; it does no I/O.</summary>
/// <param name="tables">The tables; one that has a price for a call outranks those after it.</param>
public sealed class PriceBook(params ImmutableArray<PriceTable> tables)
{
    /// <summary>A book of no models.</summary>
    public static readonly PriceBook Empty = new([]);

    /// <summary>Whether a call of a model without a price is refused where a limit of cost is about it.</summary>
    public bool RefusesUnknown { get; init; } = true;

    /// <summary>A model's price at an instant; null when it is not known.</summary>
    internal ModelPrice? Find(string model, DateTimeOffset at) => Find(model, null, at);

    /// <summary>
    /// What a call cost by the prices of its reserve's time: those of the model that was asked for or, when there are none, of the one
    /// that the upstream named. Null when neither has any.
    /// </summary>
    public NanoUsd? CostOf(Settlement settlement) => CostOf(settlement, settlement.Usage);

    /// <summary>The same, of other tokens than the settlement's own.</summary>
    public NanoUsd? CostOf(Settlement settlement, TokenUsage tokens)
    {
        var call = settlement.Call;
        return Find(call.Model, settlement.ModelActual, call.ReservedAt)?.CostOf(new Quantities(tokens)
        {
            // An upstream does not charge for what it has refused.
            Calls = settlement is { Outcome: Outcome.Completed, HttpStatus: >= 300 } ? 0 : 1,
        });
    }

    private ModelPrice? Find(string model, string? modelActual, DateTimeOffset at)
    {
        foreach (var table in tables)
        {
            if ((table.Find(model, at) ?? (modelActual is null ? null : table.Find(modelActual, at))) is { } price)
            {
                return price;
            }
        }

        return null;
    }
}
