using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Relay.Grains.Models;

namespace Relay.Silo.Models;

/// <summary>
/// Keeps a silo's prices as its file has them, for as long as the host runs. By looking again and again, since not every file system
/// tells of changes. A file that is not right changes nothing.
/// </summary>
internal sealed partial class PriceUpkeep : BackgroundService
{
    private readonly PriceOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PriceUpkeep> _logger;
    private byte[] _bytes = [];
    private string? _faultsTold;

    public PriceUpkeep(IOptions<PriceOptions> options, TimeProvider time, ILogger<PriceUpkeep> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
        Prices = new CurrentPrices(BookOf([PriceFile.BuiltIn]));
        Look();
    }

    /// <summary>What the grains price by.</summary>
    public CurrentPrices Prices { get; }

    /// <summary>Takes the file's prices if they have changed.</summary>
    public void Look()
    {
        if (string.IsNullOrEmpty(_options.File))
        {
            return;
        }

        var (table, bytes, faults) = PriceFile.Read(_options.File);
        if (table is null)
        {
            Tell(string.Join(' ', faults));
            return;
        }

        _faultsTold = null;
        if (!bytes.AsSpan().SequenceEqual(_bytes))
        {
            _bytes = bytes;
            Prices.Book = BookOf([table, PriceFile.BuiltIn]);
            LogTaken(_logger, _options.File);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(_options.ReloadSeconds), _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Look();
        }
    }

    /// <summary>The same once only.</summary>
    private void Tell(string faults)
    {
        if (!string.Equals(faults, _faultsTold, StringComparison.Ordinal))
        {
            _faultsTold = faults;
            LogFaults(_logger, _options.File!, faults);
        }
    }

    private PriceBook BookOf(params PriceTable[] tables) =>
        new([.. tables]) { RefusesUnknown = _options.Unknown == UnknownModel.Refuse };
}
