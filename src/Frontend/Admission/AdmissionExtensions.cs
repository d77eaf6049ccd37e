using Microsoft.Extensions.Options;
using Relay.Configuration;

namespace Relay.Frontend.Admission;

/// <summary>Adds what asks the grains.</summary>
internal static class AdmissionExtensions
{
    public static void AddAdmission(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<AdmissionOptions, AdmissionOptionsValidator>(AdmissionOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<AdmissionOptions>, ReserveTimeValidator>();
        builder.AddSettings<OutboxOptions, OutboxOptionsValidator>(OutboxOptions.SectionName);
        builder.Services.AddSingleton<Outbox>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Outbox>());
        builder.Services.AddSingleton<GrainRetry>();
        builder.Services.AddSingleton<Releases>();
        builder.Services.AddSingleton<AdmissionClient>();
        builder.Services.AddHostedService<HoldRenewer>();
    }
}
