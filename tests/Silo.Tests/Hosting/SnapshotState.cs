namespace Relay.Silo.Tests.Hosting;

public sealed class SnapshotState
{
    public long Count { get; set; }

    public string Text { get; set; } = "";
}
