using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Relay.Configuration;

/// <summary>A section of settings that something reads.</summary>
/// <param name="Name">The section's name, such as <c>Relay:Timeouts</c>; empty for the root.</param>
/// <param name="Members">The settings in it.</param>
/// <param name="Validate">Binds the given values to new options and says what the validators find.</param>
internal sealed record SettingsSection(
    string Name,
    IReadOnlyList<SettingsMember> Members,
    Func<IServiceProvider, string, IConfiguration, IEnumerable<string>> Validate)
{
    /// <summary>The section of an options type.</summary>
    public static SettingsSection Of<TOptions>(string name)
        where TOptions : class, new() =>
        new(name, [.. SettingsMember.Of(typeof(TOptions))], Bind<TOptions>);

    /// <summary>The full name of a setting in it.</summary>
    public string PathOf(SettingsMember member) => Name.Length == 0 ? member.Key : $"{Name}:{member.Key}";

    /// <summary>
    /// Says what is wrong with the section. A value that cannot be read hides no other fault: the binder would stop at it, so the
    /// others are bound and validated without it.
    /// </summary>
    public IEnumerable<string> FindFaults(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var faults = new List<string>();
        var readable = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in Members)
        {
            var path = PathOf(member);
            if (configuration[path] is not { } value)
            {
                continue;
            }

            if (member.Takes(value))
            {
                readable.Add(member.Key, value);
            }
            else
            {
                faults.Add($"{path} must be {Kind(member.Type)}, not '{value}'.");
            }
        }

        var found = Validate(services, Name, new ConfigurationBuilder().AddInMemoryCollection(readable).Build());
        return faults.Concat(found.Select(fault => Members.Aggregate(fault, NameSetting)));
    }

    private static IEnumerable<string> Bind<TOptions>(IServiceProvider services, string name, IConfiguration values)
        where TOptions : class, new()
    {
        var options = new TOptions();
        values.Bind(options);
        return [.. services.GetServices<IValidateOptions<TOptions>>()
            .Select(validator => validator.Validate(name, options))
            .SelectMany(result => result.Failures ?? [])];
    }

    private static string Kind(Type type) =>
        type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : $"a {type.Name}";

    /// <summary>Generated validators speak of members of .NET types; whoever sets them knows them by their full names.</summary>
    private string NameSetting(string fault, SettingsMember member)
    {
        var memberName = member.Key[(member.Key.LastIndexOf(':') + 1)..] + ": ";
        var text = fault.StartsWith(memberName, StringComparison.Ordinal) ? fault[memberName.Length..] : fault;
        var dotted = $"{Name}.{member.Key.Replace(':', '.')}";
        return text
            .Replace($"The field {dotted} ", $"{PathOf(member)} ", StringComparison.Ordinal)
            .Replace($"The {dotted} field ", $"{PathOf(member)} ", StringComparison.Ordinal);
    }
}
