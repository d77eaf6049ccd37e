-- Which activation owns which key, and until when silos may believe that they do. A released owner has stopped; with its holds,
-- it has told all that the next one must know. Times are unix milliseconds.
CREATE TABLE key_owners (
  key_id text COLLATE "C" NOT NULL PRIMARY KEY,
  silo_id text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  released integer NOT NULL,
  holds text COLLATE "C" NULL
);

CREATE TABLE silo_leases (
  silo_id text COLLATE "C" NOT NULL PRIMARY KEY,
  renewed_at bigint NOT NULL
);

-- The claims that a silo has lost, until it has heard of it.
CREATE TABLE lost_claims (
  silo_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (silo_id, key_id, epoch)
);

-- Which silos there are, as Orleans' ADO.NET provider keeps it, and the statements with which it does. Every change takes the
-- next version of the cluster's row, so that of two changes that know the same version one is refused.
CREATE TABLE membership_versions (
  cluster_id text COLLATE "C" NOT NULL PRIMARY KEY,
  version integer NOT NULL
);

CREATE TABLE membership (
  cluster_id text COLLATE "C" NOT NULL REFERENCES membership_versions (cluster_id),
  address text COLLATE "C" NOT NULL,
  port integer NOT NULL,
  generation integer NOT NULL,
  silo_name text NOT NULL,
  host_name text NOT NULL,
  status integer NOT NULL,
  proxy_port integer NOT NULL,
  suspect_times text NULL,
  start_time timestamptz NOT NULL,
  alive_time timestamptz NOT NULL,
  PRIMARY KEY (cluster_id, address, port, generation)
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('InsertMembershipVersionKey', '
WITH added AS (
  INSERT INTO membership_versions (cluster_id, version) VALUES (@DeploymentId, 0)
  ON CONFLICT DO NOTHING
  RETURNING 1
)
SELECT count(*) FROM added');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('InsertMembershipKey', '
WITH advanced AS (
  UPDATE membership_versions SET version = version + 1
  WHERE cluster_id = @DeploymentId AND version = @Version AND NOT EXISTS (
    SELECT 1 FROM membership
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
  RETURNING cluster_id
), added AS (
  INSERT INTO membership
    (cluster_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, alive_time)
  SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
  FROM advanced
  RETURNING 1
)
SELECT count(*) FROM added');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('UpdateMembershipKey', '
WITH advanced AS (
  UPDATE membership_versions SET version = version + 1
  WHERE cluster_id = @DeploymentId AND version = @Version AND EXISTS (
    SELECT 1 FROM membership
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
  RETURNING cluster_id
), changed AS (
  UPDATE membership SET status = @Status, suspect_times = @SuspectTimes, alive_time = GREATEST(alive_time, @IAmAliveTime)
  FROM advanced
  WHERE membership.cluster_id = advanced.cluster_id AND address = @Address AND port = @Port AND generation = @Generation
  RETURNING 1
)
SELECT count(*) FROM changed');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('UpdateIAmAlivetimeKey', '
UPDATE membership SET alive_time = GREATEST(alive_time, @IAmAliveTime)
WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('GatewaysQueryKey', '
SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation
FROM membership
WHERE cluster_id = @DeploymentId AND status = @Status AND proxy_port > 0');

-- The version comes also for a cluster without silos.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('MembershipReadRowKey', '
SELECT m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName, m.host_name AS HostName,
  m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
  m.alive_time AS IAmAliveTime, v.version AS Version
FROM membership_versions v
LEFT JOIN membership m
  ON m.cluster_id = v.cluster_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
WHERE v.cluster_id = @DeploymentId');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('MembershipReadAllKey', '
SELECT m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName, m.host_name AS HostName,
  m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
  m.alive_time AS IAmAliveTime, v.version AS Version
FROM membership_versions v
LEFT JOIN membership m ON m.cluster_id = v.cluster_id
WHERE v.cluster_id = @DeploymentId');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('DeleteMembershipTableEntriesKey', '
WITH members AS (DELETE FROM membership WHERE cluster_id = @DeploymentId)
DELETE FROM membership_versions WHERE cluster_id = @DeploymentId');

-- 6 is a silo that is dead. One key is older than the other, and each removes what is long gone.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('CleanupDefunctSiloEntriesKey', '
DELETE FROM membership
WHERE cluster_id = @DeploymentId AND status = 6 AND alive_time < @IAmAliveTime AND start_time < @IAmAliveTime');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('CleanupDefunctSiloEntryKey', '
DELETE FROM membership
WHERE cluster_id = @DeploymentId AND status = 6 AND address = @Address AND port = @Port AND generation = @Generation
  AND start_time = @StartTime AND alive_time = @IAmAliveTime
  AND COALESCE(suspect_times, '''') = COALESCE(CAST(@SuspectTimes AS text), '''')');
