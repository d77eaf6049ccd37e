namespace Relay.Frontend.Configuration;

/// <summary>A section of settings that something reads.</summary>
/// <param name="Name">The section's name, such as <c>Relay:Timeouts</c>.</param>
/// <param name="Type">The options' type; its properties are the section's members.</param>
/// <param name="FindFaults">Binds and validates the section, and says what is wrong with it.</param>
internal sealed record SettingsSection(string Name, Type Type, Func<IServiceProvider, IEnumerable<string>> FindFaults);
