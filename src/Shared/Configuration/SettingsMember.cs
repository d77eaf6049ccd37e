using System.ComponentModel;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Relay.Configuration;

/// <summary>One setting: a member of an options type, or of a type nested in it.</summary>
/// <param name="Key">The name below its section, such as <c>Drain:Seconds</c>.</param>
/// <param name="Type">The type of its value.</param>
internal sealed record SettingsMember(string Key, Type Type)
{
    /// <summary>All settings of an options type.</summary>
    public static IEnumerable<SettingsMember> Of(Type options) =>
        options.GetProperties().Where(property => property.CanWrite).SelectMany(Of);

    /// <summary>Whether the text can be read as such a value; as the binder reads it.</summary>
    public bool Takes(string text)
    {
        try
        {
            _ = TypeDescriptor.GetConverter(Type).ConvertFromInvariantString(text);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException)
        {
            // Converters wrap what the parsers throw in an ArgumentException.
            return false;
        }
    }

    private static IEnumerable<SettingsMember> Of(PropertyInfo property)
    {
        var name = property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name ?? property.Name;
        return TypeDescriptor.GetConverter(property.PropertyType).CanConvertFrom(typeof(string))
            ? [new SettingsMember(name, property.PropertyType)]
            : Of(property.PropertyType).Select(nested => nested with { Key = $"{name}:{nested.Key}" });
    }
}
