-- Which activation owns which key, and until when silos may believe that they do. A released owner has stopped; with its holds,
-- it has told all that the next one must know. Times are unix milliseconds.
CREATE TABLE key_owners (
  key_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY,
  silo_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  epoch bigint NOT NULL,
  released int NOT NULL,
  holds nvarchar(max) NULL
);

CREATE TABLE silo_leases (
  silo_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY,
  renewed_at bigint NOT NULL
);

-- The claims that a silo has lost, until it has heard of it.
CREATE TABLE lost_claims (
  silo_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  key_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (silo_id, key_id, epoch)
);

-- Which silos there are, as Orleans' ADO.NET provider keeps it, and the statements with which it does. Every change takes the
-- next version of the cluster's row, so that of two changes that know the same version one is refused.
CREATE TABLE membership_versions (
  cluster_id nvarchar(150) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY,
  version int NOT NULL
);

CREATE TABLE membership (
  cluster_id nvarchar(150) COLLATE Latin1_General_BIN2 NOT NULL REFERENCES membership_versions (cluster_id),
  address nvarchar(45) COLLATE Latin1_General_BIN2 NOT NULL,
  port int NOT NULL,
  generation int NOT NULL,
  silo_name nvarchar(150) NOT NULL,
  host_name nvarchar(150) NOT NULL,
  status int NOT NULL,
  proxy_port int NOT NULL,
  suspect_times nvarchar(max) NULL,
  start_time datetime2(3) NOT NULL,
  alive_time datetime2(3) NOT NULL,
  PRIMARY KEY (cluster_id, address, port, generation)
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('InsertMembershipVersionKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @Done int = 0;
BEGIN TRY
  INSERT INTO membership_versions (cluster_id, version) VALUES (@DeploymentId, 0);
  SET @Done = 1;
END TRY
BEGIN CATCH
  IF ERROR_NUMBER() NOT IN (2601, 2627)
  BEGIN
    THROW;
  END;
END CATCH;
SELECT @Done;');

-- A silo that is there already leaves the version as it was: the batch fails as a whole.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('InsertMembershipKey', '
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @Done int = 0;
BEGIN TRANSACTION;
UPDATE membership_versions SET version = version + 1 WHERE cluster_id = @DeploymentId AND version = @Version;
SET @Done = @@ROWCOUNT;
IF @Done = 1
BEGIN
  INSERT INTO membership
    (cluster_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, alive_time)
  SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
  WHERE NOT EXISTS (
    SELECT 1 FROM membership
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation);
  SET @Done = @@ROWCOUNT;
END;
IF @Done = 1
  COMMIT TRANSACTION;
ELSE
  ROLLBACK TRANSACTION;
SELECT @Done;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('UpdateMembershipKey', '
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @Done int = 0;
BEGIN TRANSACTION;
UPDATE membership_versions SET version = version + 1 WHERE cluster_id = @DeploymentId AND version = @Version;
SET @Done = @@ROWCOUNT;
IF @Done = 1
BEGIN
  UPDATE membership
  SET status = @Status, suspect_times = @SuspectTimes,
    alive_time = CASE WHEN alive_time > @IAmAliveTime THEN alive_time ELSE @IAmAliveTime END
  WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation;
  SET @Done = @@ROWCOUNT;
END;
IF @Done = 1
  COMMIT TRANSACTION;
ELSE
  ROLLBACK TRANSACTION;
SELECT @Done;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('UpdateIAmAlivetimeKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
UPDATE membership SET alive_time = CASE WHEN alive_time > @IAmAliveTime THEN alive_time ELSE @IAmAliveTime END
WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('GatewaysQueryKey', '
SET LOCK_TIMEOUT 5000;
SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation
FROM membership
WHERE cluster_id = @DeploymentId AND status = @Status AND proxy_port > 0;');

-- The version comes also for a cluster without silos.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('MembershipReadRowKey', '
SET LOCK_TIMEOUT 5000;
SELECT m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName, m.host_name AS HostName,
  m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
  m.alive_time AS IAmAliveTime, v.version AS Version
FROM membership_versions v
LEFT JOIN membership m
  ON m.cluster_id = v.cluster_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
WHERE v.cluster_id = @DeploymentId;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('MembershipReadAllKey', '
SET LOCK_TIMEOUT 5000;
SELECT m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName, m.host_name AS HostName,
  m.status AS Status, m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime,
  m.alive_time AS IAmAliveTime, v.version AS Version
FROM membership_versions v
LEFT JOIN membership m ON m.cluster_id = v.cluster_id
WHERE v.cluster_id = @DeploymentId;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('DeleteMembershipTableEntriesKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DELETE FROM membership WHERE cluster_id = @DeploymentId;
DELETE FROM membership_versions WHERE cluster_id = @DeploymentId;');

-- 6 is a silo that is dead. One key is older than the other, and each removes what is long gone.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('CleanupDefunctSiloEntriesKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DELETE FROM membership
WHERE cluster_id = @DeploymentId AND status = 6 AND alive_time < @IAmAliveTime AND start_time < @IAmAliveTime;');

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('CleanupDefunctSiloEntryKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DELETE FROM membership
WHERE cluster_id = @DeploymentId AND status = 6 AND address = @Address AND port = @Port AND generation = @Generation
  AND start_time = @StartTime AND alive_time = @IAmAliveTime
  AND COALESCE(suspect_times, N'''') = COALESCE(@SuspectTimes, N'''');');
