using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Storage;

namespace Relay.Silo.Storage;

/// <summary>
/// Writes grain state as JSON that people can read, without the names of types, so that a type may be renamed or moved.
/// </summary>
internal sealed class JsonGrainStateSerializer : IGrainStorageSerializer
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new JsonStringEnumConverter() } };

    public BinaryData Serialize<T>(T? input) => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input, Options)!;
}
