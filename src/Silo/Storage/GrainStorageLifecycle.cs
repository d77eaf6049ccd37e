using Orleans.Storage;

namespace Relay.Silo.Storage;

/// <summary>
/// Lets a storage take part in the silo's start. Orleans does so by itself only when it knows the storage's type beforehand, and
/// which storage it is depends on the settings.
/// </summary>
internal sealed class GrainStorageLifecycle(IGrainStorage storage) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) => (storage as ILifecycleParticipant<ISiloLifecycle>)?.Participate(lifecycle);
}
