using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Relay.Frontend.Simulation;

/// <summary>Embeddings without a meaning: equal texts have equal unit vectors, and others have others.</summary>
internal static class EchoEmbeddings
{
    /// <summary>The length of every vector: a SHA-256 hash has two bytes for each number.</summary>
    public const int Dimensions = 16;

    /// <summary>The answer to a request; gives the fault instead where it cannot be used.</summary>
    public static JsonObject? TryAnswer(EchoBody request, out EchoFault? fault)
    {
        fault = null;
        var format = request.Member("encoding_format");
        var isBase64 = format is { } encoding && EchoBody.Text(encoding) is "base64";
        if (request.Member("input") is not { } member)
        {
            fault = EchoFault.Missing("input");
        }
        else if (EchoInputs.TryRead(member) is not { } inputs || inputs.Any(input => input.Tokens == 0))
        {
            fault = EchoFault.Invalid("input", "expected a text that is not empty, its token numbers, or an array of such.");
        }
        else if (format is { } named && !isBase64 && EchoBody.Text(named) is not "float")
        {
            fault = EchoFault.Invalid("encoding_format", "expected 'float' or 'base64'.");
        }
        else if (!request.TryGetCount("dimensions", Dimensions, out var dimensions) || dimensions is not (null or Dimensions))
        {
            fault = EchoFault.Invalid("dimensions", "the simulated model has 16.");
        }
        else
        {
            return Body(inputs, isBase64);
        }

        return null;
    }

    private static JsonObject Body(IReadOnlyList<EchoInput> inputs, bool isBase64)
    {
        var tokens = inputs.Sum(input => input.Tokens);
        return new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. inputs.Select((input, index) => Embedding(input.Text, index, isBase64))]),
            ["model"] = EchoUpstreamHandler.Model,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        };
    }

    private static JsonObject Embedding(string input, int index, bool isBase64)
    {
        var vector = Vector(input);
        return new JsonObject
        {
            ["object"] = "embedding",
            ["index"] = index,
            ["embedding"] = isBase64
                ? Base64(vector)
                : new JsonArray([.. vector.Select(number => (JsonNode)JsonValue.Create(number))]),
        };
    }

    private static float[] Vector(string input)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(input));
        var numbers = new double[Dimensions];
        for (var i = 0; i < Dimensions; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt16LittleEndian(hash.AsSpan(i * sizeof(short)));
        }

        var length = Math.Sqrt(numbers.Sum(number => number * number));
        return [.. numbers.Select(number => (float)(number / length))];
    }

    private static string Base64(float[] vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        for (var i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return Convert.ToBase64String(bytes);
    }
}
