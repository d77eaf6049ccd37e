using Microsoft.AspNetCore.Http;
using Relay.Frontend.Authentication;

namespace Relay.Frontend.Tests.Authentication;

public sealed class CallerCredentialsTests
{
    [Theory]
    [InlineData("Authorization", "Bearer a", "a")]
    [InlineData("Authorization", "bearer a", "a")]
    [InlineData("Authorization", "Bearer  a ", "a")]
    [InlineData("Authorization", "Bearer ", null)]
    [InlineData("Authorization", "Basic a", null)]
    [InlineData("Authorization", "a", null)]
    [InlineData("api-key", "a", "a")]
    [InlineData("x-api-key", "a", "a")]
    [InlineData("x-api-key", "", null)]
    [InlineData("cookie", "a", null)]
    public void FindSecret_OneHeader_FindsTheSecret(string header, string value, string? found) =>
        Assert.Equal(found ?? "", CallerCredentials.FindSecret(new HeaderDictionary { [header] = value }).ToString());

    [Fact]
    public void FindSecret_SeveralHeaders_TakesTheBearer() =>
        Assert.Equal("a", CallerCredentials.FindSecret(new HeaderDictionary
        {
            ["x-api-key"] = "c",
            ["api-key"] = "b",
            ["Authorization"] = "Bearer a",
        }).ToString());
}
