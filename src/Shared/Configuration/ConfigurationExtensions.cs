using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace Relay.Configuration;

/// <summary>Adds the places of the working directory in which settings may stand. The environment and the command line outrank them.</summary>
internal static class ConfigurationExtensions
{
    private const string HostPrefix = "ASPNETCORE_";

    /// <summary>Adds <c>appsettings.json</c> and <c>.env</c> of the working directory, if they are there.</summary>
    public static void AddWorkingDirectory(this IConfigurationBuilder configuration)
    {
        var directory = Directory.GetCurrentDirectory();
        var settings = Path.Combine(directory, "appsettings.json");
        if (File.Exists(settings) && !string.Equals(directory, AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar), StringComparison.Ordinal))
        {
            var source = new JsonConfigurationSource { Path = settings };
            source.ResolveFileProvider();
            configuration.InsertBelowEnvironment(source);
        }

        var dotEnv = Path.Combine(directory, ".env");
        if (File.Exists(dotEnv))
        {
            configuration.InsertBelowEnvironment(new MemoryConfigurationSource { InitialData = ReadDotEnv(dotEnv) });
        }
    }

    private static void InsertBelowEnvironment(this IConfigurationBuilder configuration, IConfigurationSource source)
    {
        var environment = configuration.Sources
            .Index()
            .Where(indexed => indexed.Item is EnvironmentVariablesConfigurationSource { Prefix: null or "" })
            .Select(indexed => indexed.Index)
            .Last();
        configuration.Sources.Insert(environment, source);
    }

    private static List<KeyValuePair<string, string?>> ReadDotEnv(string path)
    {
        IEnumerable<KeyValuePair<string, string>> pairs;
        try
        {
            pairs = [.. DotNetEnv.Env.NoEnvVars().Load(path)];
        }
        catch (Exception e) when (e is not IOException)
        {
            // The parser's message would repeat the line, and with it perhaps a key.
            throw new SettingsException([$"{path} cannot be read: each line must be NAME=value, with quotes around values that hold spaces."]);
        }

        // The host's own variables lose their prefix, as in the environment, where they rank below all others.
        return [.. pairs
            .Where(pair => Environment.GetEnvironmentVariable(pair.Key) is null)
            .Select(pair => new KeyValuePair<string, string?>(
                (pair.Key.StartsWith(HostPrefix, StringComparison.OrdinalIgnoreCase) ? pair.Key[HostPrefix.Length..] : pair.Key).Replace("__", ":", StringComparison.Ordinal),
                pair.Value))];
    }
}
