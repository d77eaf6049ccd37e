namespace Relay.Silo.Tests.Hosting;

[Alias("Relay.Tests.ISnapshotGrain")]
public interface ISnapshotGrain : IGrainWithStringKey
{
    [Alias("Increment")]
    Task<long> IncrementAsync();

    [Alias("Get")]
    Task<long> GetAsync();

    [Alias("SetUnsaved")]
    Task SetUnsavedAsync(long count);
}
