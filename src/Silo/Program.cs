return await Relay.Silo.SiloProgram.RunAsync(args);
