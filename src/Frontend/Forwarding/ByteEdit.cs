namespace Relay.Frontend.Forwarding;

/// <summary>
/// <paramref name="Length"/> bytes at <paramref name="Offset"/> become <paramref name="Replacement"/>. Offsets are those
/// of the original body, whatever other edits do.
/// </summary>
internal readonly record struct ByteEdit(long Offset, long Length, ReadOnlyMemory<byte> Replacement);
