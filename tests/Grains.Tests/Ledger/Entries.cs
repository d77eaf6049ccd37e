using Relay.Grains.Admission;
using Relay.Grains.Tests.Quotas;
using Relay.Grains.Usage;

namespace Relay.Grains.Tests.Ledger;

/// <summary>Builds usage entries; a test names only what it is about.</summary>
internal static class Entries
{
    public static UsageEntry Entry(
        string keyId, long sequence, int call, int part = 0, string model = Calls.Model, Outcome outcome = Outcome.Completed) => new()
        {
            KeyId = keyId,
            Sequence = sequence,
            Part = part,
            Requests = part == 0 ? 1 : 0,
            User = "ann",
            Settlement = Calls.Settlement(
            new CallFacts
            {
                RequestId = Calls.IdOf(call),
                ReservedAt = Calls.Noon,
                Endpoint = Calls.Endpoint,
                Model = model,
                InputTokensHeld = 10,
                OutputTokensHeld = 20,
            },
            Calls.Tokens(10, 20)) with
            { Outcome = outcome },
        };
}
