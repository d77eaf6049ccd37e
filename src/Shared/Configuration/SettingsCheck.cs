using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Relay.Configuration;

/// <summary>Finds every fault of the settings before anything is started.</summary>
internal static class SettingsCheck
{
    /// <summary>Validates the addresses and every section, and refuses names under <c>Relay</c> that nothing reads.</summary>
    /// <exception cref="SettingsException">Something is wrong: it lists all faults at once.</exception>
    public static void Run(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var sections = services.GetServices<SettingsSection>().ToList();
        var known = sections
            .SelectMany(section => section.Members.Select(section.PathOf))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        List<string> faults =
        [
            .. AddressCheck.FindFaults(configuration),
            .. sections.SelectMany(section => section.FindFaults(services)),
            .. FindUnknown(configuration.GetSection("Relay"), known),
        ];
        if (faults.Count > 0)
        {
            throw new SettingsException(faults);
        }
    }

    private static IEnumerable<string> FindUnknown(IConfigurationSection section, HashSet<string> known)
    {
        foreach (var child in section.GetChildren())
        {
            foreach (var fault in FindUnknown(child, known))
            {
                yield return fault;
            }

            // A section has no value of its own.
            if (child.Value is not null && !known.Contains(child.Path))
            {
                yield return $"{child.Path} is no setting of this version of Relay. The README lists them.";
            }
        }
    }
}
