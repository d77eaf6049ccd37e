using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Relay.Silo.Storage;

/// <summary>
/// Checks <see cref="DatabaseOptions"/> and the connection string that goes with it. The string is never repeated: it may hold
/// a password.
/// </summary>
internal sealed class DatabaseOptionsValidator(IConfiguration configuration) : IValidateOptions<DatabaseOptions>
{
    public ValidateOptionsResult Validate(string? name, DatabaseOptions options)
    {
        if (options.FindProvider() is not { } provider)
        {
            return ValidateOptionsResult.Fail(
                $"Relay:Database:Provider is '{options.Provider}': it must be Sqlite, PostgreSql or SqlServer.");
        }

        if (ServerDialects.Find(provider) is not { } dialect)
        {
            return ValidateOptionsResult.Success;
        }

        var text = configuration.GetConnectionString(DatabaseOptions.ConnectionStringName);
        if (string.IsNullOrWhiteSpace(text))
        {
            return ValidateOptionsResult.Fail(
                $"ConnectionStrings:Relay is missing: {provider} needs one, such as {dialect.ConnectionStringExample}.");
        }

        return dialect.FindFault(text) is { } fault
            ? ValidateOptionsResult.Fail($"ConnectionStrings:Relay {fault}. {provider} needs one such as {dialect.ConnectionStringExample}.")
            : ValidateOptionsResult.Success;
    }
}
