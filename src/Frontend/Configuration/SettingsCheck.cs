using Microsoft.Extensions.Options;

namespace Relay.Frontend.Configuration;

/// <summary>Finds every fault of the settings before anything is started.</summary>
internal static class SettingsCheck
{
    /// <summary>Validates every section, and refuses names under <c>Relay</c> that nothing reads.</summary>
    /// <exception cref="SettingsException">Something is wrong: it lists all faults at once.</exception>
    public static void Run(IServiceProvider services)
    {
        var sections = services.GetServices<SettingsSection>().ToList();
        var faults = sections.SelectMany(section => section.FindFaults(services)).ToList();
        var known = sections
            .SelectMany(section => NamesOf(section.Name, section.Type))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        FindUnknown(services.GetRequiredService<IConfiguration>().GetSection("Relay"), known, faults);
        if (faults.Count > 0)
        {
            throw new SettingsException(faults);
        }
    }

    /// <summary>Every setting of an options' type, those of its members that are options themselves too.</summary>
    private static IEnumerable<string> NamesOf(string section, Type type) => type.GetProperties().SelectMany(property =>
        property.IsDefined(typeof(ValidateObjectMembersAttribute), inherit: false)
            ? NamesOf($"{section}:{property.Name}", property.PropertyType)
            : [$"{section}:{property.Name}"]);

    private static void FindUnknown(IConfigurationSection section, HashSet<string> known, List<string> faults)
    {
        foreach (var child in section.GetChildren())
        {
            if (child.GetChildren().Any())
            {
                FindUnknown(child, known, faults);
            }
            else if (!known.Contains(child.Path))
            {
                faults.Add($"{child.Path} is no setting of this version of Relay. The README lists them.");
            }
        }
    }
}
