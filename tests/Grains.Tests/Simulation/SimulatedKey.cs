using Relay.Grains.Allotments;
using Relay.Grains.Keys;
using Relay.Grains.Ownership;
using Relay.Grains.Quotas;
using Relay.Grains.Tests.Quotas;

namespace Relay.Grains.Tests.Simulation;

/// <summary>One activation of a key, with what it has of the limits above it: the grain's own parts, without Orleans.</summary>
internal sealed class SimulatedKey
{
    public SimulatedKey(SimulatedCompany company, KeyClaim claim, SimulatedProcess process, AllotmentWriter writer)
    {
        Claim = claim;
        Process = process;
        Book = new QuotaBook(TimeZoneInfo.Utc, Calls.HoldTimeout);
        Rooms = new KeyRooms(Book, claim, writer, () => company.Now, static _ => { });
    }

    public KeyClaim Claim { get; }

    public SimulatedProcess Process { get; }

    public QuotaBook Book { get; }

    public KeyRooms Rooms { get; }

    /// <summary>Whether it knows of all its key's calls, and nobody before it can admit any.</summary>
    public bool IsOpen { get; set; }
}
