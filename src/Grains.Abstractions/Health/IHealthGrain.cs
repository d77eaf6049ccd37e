namespace Relay.Grains.Health;

/// <summary>Answers whether the cluster works, for frontends that have no other way to know. Any activation on any silo answers the same.</summary>
[Alias("Relay.IHealthGrain"), GrainInterfaceType("relay.health")]
public interface IHealthGrain : IGrainWithIntegerKey
{
    /// <summary>Answers: the caller reaches the cluster.</summary>
    [Alias("Ping")]
    ValueTask PingAsync();

    /// <summary>Asks the database for something small; throws when it does not answer within 2 seconds.</summary>
    [Alias("PingDatabase")]
    Task PingDatabaseAsync();
}
