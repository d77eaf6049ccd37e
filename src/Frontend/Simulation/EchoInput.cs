namespace Relay.Frontend.Simulation;

/// <summary>One input of a request.</summary>
/// <param name="Text">Its text, decoded if it came as token numbers.</param>
/// <param name="Tokens">Its tokens: as many as came, where they came as numbers.</param>
internal readonly record struct EchoInput(string Text, int Tokens);
