using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Relay.Grains.Ledger;

namespace Relay.Silo.Ledger;

/// <summary>Adds what keeps the tables of reports.</summary>
internal static class ReportsExtensions
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<ReportOptions>, ReportOptionsValidator>();
        services.AddSingleton<IValidateOptions<ReportOptions>, RetentionDaysValidator>();
        services.AddOptions<ReportOptions>().BindConfiguration(ReportOptions.SectionName).ValidateOnStart();
        services.AddSingleton<UnrolledSums>();
        services.AddSingleton<UsageRollUps>();
        services.AddSingleton<UsageRetention>();
        services.AddSingleton<IUsageAudit, SqlUsageAudit>();
        services.AddHostedService<ReportUpkeep>();
    }
}
