using Microsoft.Extensions.Options;

namespace Relay.Silo.Models;

/// <summary>Checks that the file of prices, if one is named, can be read and says what it must.</summary>
internal sealed class PriceFileValidator : IValidateOptions<PriceOptions>
{
    public ValidateOptionsResult Validate(string? name, PriceOptions options) =>
        string.IsNullOrEmpty(options.File) || PriceFile.Read(options.File) is not { Faults: { IsEmpty: false } faults }
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.Select(fault => $"{PriceOptions.SectionName}:{nameof(PriceOptions.File)} is '{options.File}': {fault}"));
}
