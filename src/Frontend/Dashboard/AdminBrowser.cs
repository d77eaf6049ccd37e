using System.Buffers.Text;
using System.Text;

namespace Relay.Frontend.Dashboard;

/// <summary>Finds the admin key that a browser sends: it asks for a user and a password (HTTP Basic), and the password is the key.</summary>
internal static class AdminBrowser
{
    private const string Scheme = "Basic ";

    /// <summary>The password; null when there is none.</summary>
    public static string? FindPassword(IHeaderDictionary headers)
    {
        var value = headers.Authorization.ToString();
        if (!value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var encoded = Encoding.UTF8.GetBytes(value[Scheme.Length..].Trim());
        if (!Base64.IsValid(encoded))
        {
            return null;
        }

        var credentials = Encoding.UTF8.GetString(Convert.FromBase64String(Encoding.UTF8.GetString(encoded)));
        var colon = credentials.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : credentials[(colon + 1)..];
    }
}
