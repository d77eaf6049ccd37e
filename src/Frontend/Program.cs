using Relay.Frontend;
using Relay.Frontend.Standalone;

CollectorBudget.Use();
return await FrontendProgram.RunAsync(args);
