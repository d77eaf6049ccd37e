using System.Text.Json;
using Orleans.Storage;

namespace Relay.Grains.Tests.Keys;

/// <summary>Keeps states as plain JSON, as every database will: a state that this loses is a state that is lost.</summary>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));

    public T? Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input);
}
