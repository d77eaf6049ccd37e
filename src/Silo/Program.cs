Console.Error.WriteLine(
    "A silo of its own needs a cluster to join, through a PostgreSQL or SQL Server database that it shares with frontends. "
    + "This version has no clusters yet: run the Frontend, which hosts a silo itself, on any of its databases.");
return 2;
