using Relay.Frontend.Forwarding;

namespace Relay.Frontend.Tests.Forwarding;

public sealed class LogTextTests
{
    [Theory]
    [InlineData("gpt-4o", "gpt-4o")]
    [InlineData("", "\"\"")]
    [InlineData("json user=bob", "\"json user=bob\"")]
    [InlineData("a\" user=bob", "\"a\\\" user=bob\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    public void Quote_AnyText_CannotBeTakenForAnotherField(string text, string quoted) => Assert.Equal(quoted, LogText.Quote(text));
}
