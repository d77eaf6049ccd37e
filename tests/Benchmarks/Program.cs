using Relay.Benchmarks;
using Relay.Testing;

Console.WriteLine("| database | keys | callers | settles/s | commits/s | rows a commit | settle p50 (ms) | settle p99 (ms) |");
Console.WriteLine("|---|---|---|---|---|---|---|---|");
await SettleBenchmark.RunAsync("SQLite", new Dictionary<string, string?>(StringComparer.Ordinal));
await using var postgres = await PrivatePostgres.StartNewAsync();
if (postgres is null)
{
    Console.WriteLine("There is no PostgreSQL on this machine: its figures are left out.");
    return;
}

await SettleBenchmark.RunAsync("PostgreSQL", new Dictionary<string, string?>(StringComparer.Ordinal)
{
    ["Relay:Database:Provider"] = "PostgreSql",
    ["ConnectionStrings:Relay"] = postgres.ConnectionString,
});
