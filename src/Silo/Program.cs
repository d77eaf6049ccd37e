Console.Error.WriteLine(
    "A silo of its own needs a database that it shares with frontends, which this version does not have yet: "
    + "run the Frontend, which hosts a silo itself.");
return 2;
