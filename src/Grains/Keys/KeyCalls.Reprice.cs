using Relay.Grains.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Keys;

/// <content>Prices past calls anew. What is booked stays; a difference is an entry of its own.</content>
internal sealed partial class KeyCalls
{
    private const int RepricedAtOnce = 200;

    /// <summary>See <see cref="IKeyGrain.RepriceAsync"/>.</summary>
    public async Task<RepricedCalls> RepriceAsync(Repricing repricing)
    {
        ThrowIfSteppedDown();
        var calls = await ledger.ReadCallsAsync(
            KeyId, repricing.From, repricing.To, repricing.AfterSequence, RepricedAtOnce, CancellationToken.None);
        var looked = calls
            .Select(static entries => new BookedCall(entries))
            .Where(call => repricing.Model is not { } model || ModelPattern.Matches(model, call.Entries[0].Settlement.Call.Model))
            .ToList();
        var differences = await Task.WhenAll(looked
            .Where(call => NewCostOf(call) is not null)
            .Select(static call => call.Entries[0].Settlement.Call.RequestId)
            .Select(RepriceAsync));
        var corrections = differences.OfType<NanoUsd>().ToList();
        return new RepricedCalls(
            calls.Count == 0 ? repricing.AfterSequence : calls[^1][0].Sequence,
            HasMore: calls.Count == RepricedAtOnce,
            looked.Count,
            corrections.Count,
            corrections.Aggregate(default(NanoUsd), static (sum, one) => sum + one));
    }

    /// <summary>Corrects one call; null when another step of it has come first and nothing is left to correct.</summary>
    private async Task<NanoUsd?> RepriceAsync(Guid requestId)
    {
        while (_steps.TryGetValue(requestId, out var step))
        {
            await step.Done;
        }

        ThrowIfSteppedDown();
        NanoUsd? difference = null;
        await RunStepAsync(requestId, CallStepKind.Reprice, async () =>
        {
            // Again, since from here on nothing else books for the call.
            var booked = new BookedCall(await FindAsync(requestId));
            if (!booked.IsEmpty && NewCostOf(booked) is { } cost)
            {
                await CommitAsync(UsageEntryDraft.Repriced(booked, cost, clock().Wall));
                difference = cost - booked.Totals.PricedCost;
            }
        });
        return difference;
    }

    /// <summary>What a call costs now; null when that is booked already, when nobody knows it, and for a call that was taken back.</summary>
    private NanoUsd? NewCostOf(BookedCall call)
    {
        var totals = call.Totals;
        return totals.Requests > 0 && prices.Book.CostOf(call.Settlement, totals.Tokens) is { } cost && cost != totals.Cost ? cost : null;
    }
}
