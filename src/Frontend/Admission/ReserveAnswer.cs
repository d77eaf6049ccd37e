using Relay.Grains.Admission;

namespace Relay.Frontend.Admission;

/// <summary>What a key's grain has decided about a call.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Tries">How often it was asked. A refusal of a later try says nothing of those before it, whose answers were lost.</param>
/// <param name="IsLate">
/// Whether it was so long under way that the next round of renewals may be too late: a new owner of the key could admit others before it
/// hears of this call.
/// </param>
internal sealed record ReserveAnswer(AdmissionDecision Decision, int Tries, bool IsLate);
