namespace Relay.Grains.Keys;

/// <summary>
/// The keys whose grains are active in this very process. What they decide without waiting may be asked of them on the caller's own
/// thread: a grain call costs two changes of threads, which below saturation cost more than all that the grain does.
/// </summary>
public interface ILocalKeys
{
    /// <summary>The key of that id; null when its grain is not active here, so that it must be called.</summary>
    ILocalKey? Find(string keyId);
}
