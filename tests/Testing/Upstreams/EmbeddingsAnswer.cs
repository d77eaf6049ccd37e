using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace Relay.Testing.Upstreams;

/// <summary>The fake model's embeddings: a short vector that names the input's place and size.</summary>
internal static class EmbeddingsAnswer
{
    private const int Dimensions = 4;

    /// <summary>The body, without usage.</summary>
    public static JsonObject Body(ModelCall call)
    {
        var data = new JsonArray();
        foreach (var (index, tokens) in call.InputTokens.Index())
        {
            data.Add(new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = index,
                ["embedding"] = call.Base64 ? Convert.ToBase64String(Bytes(index, tokens)) : Numbers(index, tokens),
            });
        }

        return new JsonObject { ["object"] = "list", ["data"] = data, ["model"] = call.Model };
    }

    private static float[] Vector(int index, int tokens) => [0.5f, -0.25f, index, tokens];

    private static JsonArray Numbers(int index, int tokens) =>
        [.. Vector(index, tokens).Select(number => (JsonNode)JsonValue.Create(number))];

    private static byte[] Bytes(int index, int tokens)
    {
        var bytes = new byte[Dimensions * sizeof(float)];
        foreach (var (place, number) in Vector(index, tokens).Index())
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(place * sizeof(float)), number);
        }

        return bytes;
    }
}
