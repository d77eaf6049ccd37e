// The .NET package "OpenAI" through Relay. The tests beside it go further, before a scripted upstream.
#pragma warning disable OPENAI001
using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Moderations;
using OpenAI.Responses;

var endpoint = new Uri(Environment.GetEnvironmentVariable("RELAY_URL")!.TrimEnd('/') + "/v1");
var key = new ApiKeyCredential(Environment.GetEnvironmentVariable("RELAY_API_KEY")!);
const string Model = "relay-echo";
const string Text = "one two three four";

var chat = new ChatClient(Model, key, new OpenAIClientOptions { Endpoint = endpoint });
ChatCompletion answer = await chat.CompleteChatAsync(Text);
Check(answer.Content[0].Text == Text && answer.Usage.TotalTokenCount == 8, "chat");

var streamed = "";
await foreach (var update in chat.CompleteChatStreamingAsync(Text))
{
    streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
}

Check(streamed == Text, "streamed chat");

var responses = new ResponsesClient(key, new ResponsesClientOptions { Endpoint = endpoint });
ResponseResult response = await responses.CreateResponseAsync(Model, Text);
Check(response.GetOutputText() == Text && response.Usage.TotalTokenCount == 8, "response");

streamed = "";
await foreach (var update in await responses.CreateResponseStreamingAsync(Model, Text))
{
    streamed += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
}

Check(streamed == Text, "streamed response");

var options = new CreateResponseOptions(Model, [ResponseItem.CreateUserMessageItem(Text)]) { BackgroundModeEnabled = true };
ResponseResult begun = await responses.CreateResponseAsync(options);
ResponseResult kept = await responses.GetResponseAsync(begun.Id);
Check(begun.Status == ResponseStatus.Queued && kept.GetOutputText() == Text && kept.Usage.TotalTokenCount == 8, "response in the background");
await responses.DeleteResponseAsync(begun.Id);

ModerationResult moderation = await new ModerationClient(Model, key, new OpenAIClientOptions { Endpoint = endpoint }).ClassifyTextAsync(Text);
Check(!moderation.Flagged, "moderation");
Console.WriteLine(".NET OpenAI: passed");

static void Check(bool holds, string what)
{
    if (!holds)
    {
        throw new InvalidOperationException($"The {what} is not as expected.");
    }
}
