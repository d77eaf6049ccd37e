namespace Relay.Configuration;

/// <summary>The settings are wrong.</summary>
/// <param name="faults">Each fault, as a sentence that names the setting.</param>
internal sealed class SettingsException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>Each fault, as a sentence that names the setting.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
