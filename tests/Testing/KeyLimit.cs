namespace Relay.Testing;

/// <summary>A limit as the admin API takes it.</summary>
/// <param name="Metric">Such as <c>requests</c>.</param>
/// <param name="Window">Such as <c>minute</c>; null for <c>concurrency</c>.</param>
/// <param name="Amount">The most that is admitted.</param>
/// <param name="Enforcement">What it does to calls.</param>
public sealed record KeyLimit(string Metric, string? Window, decimal Amount, string Enforcement = "soft");
