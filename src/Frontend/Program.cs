using Relay.Frontend;

return await FrontendProgram.RunAsync(args);
