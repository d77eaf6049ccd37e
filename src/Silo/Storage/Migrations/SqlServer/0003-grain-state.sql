-- The snapshots of grains, and the statements with which Orleans' ADO.NET provider reads and writes them.
-- The key has the full text, so that two first writes cannot both insert; it takes at most 868 of the 900 bytes of an index.
-- Orleans fixes names and columns of its query table.
CREATE TABLE grain_state (
  service_id nvarchar(50) COLLATE Latin1_General_BIN2 NOT NULL,
  state_name nvarchar(100) COLLATE Latin1_General_BIN2 NOT NULL,
  grain_n0 bigint NOT NULL,
  grain_n1 bigint NOT NULL,
  grain_key nvarchar(276) COLLATE Latin1_General_BIN2 NOT NULL,
  version int NOT NULL,
  payload varbinary(max) NULL,
  PRIMARY KEY (service_id, state_name, grain_n0, grain_n1, grain_key)
);

CREATE TABLE OrleansQuery (
  QueryKey varchar(64) NOT NULL PRIMARY KEY,
  QueryText varchar(8000) NOT NULL
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('ReadFromStorageKey', '
SET LOCK_TIMEOUT 5000;
SELECT payload AS PayloadBinary, version AS Version
FROM grain_state
WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
  AND grain_key = COALESCE(@GrainIdExtensionString, N'''');');

-- Answers the new version, or the old one for a conflict. The version starts again from 1 before it overflows.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('WriteToStorageKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @NewVersion int = @GrainStateVersion;
IF @GrainStateVersion IS NULL
BEGIN
  BEGIN TRY
    INSERT INTO grain_state (service_id, state_name, grain_n0, grain_n1, grain_key, version, payload)
    VALUES (@ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(@GrainIdExtensionString, N''''), 1, @PayloadBinary);
    SET @NewVersion = 1;
  END TRY
  BEGIN CATCH
    IF ERROR_NUMBER() NOT IN (2601, 2627)
    BEGIN
      THROW;
    END;
  END CATCH;
END
ELSE
BEGIN
  UPDATE grain_state
  SET payload = @PayloadBinary, version = CASE WHEN version = 2147483647 THEN 1 ELSE version + 1 END
  WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
    AND grain_key = COALESCE(@GrainIdExtensionString, N'''') AND version = @GrainStateVersion;
  IF @@ROWCOUNT = 1
    SET @NewVersion = CASE WHEN @GrainStateVersion = 2147483647 THEN 1 ELSE @GrainStateVersion + 1 END;
END;
SELECT @NewVersion AS NewGrainStateVersion;');

-- Keeps the row, and with it the version: a stale activation must not take a later state for the one that it has read.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('ClearStorageKey', '
SET NOCOUNT ON;
SET LOCK_TIMEOUT 5000;
DECLARE @NewVersion int = @GrainStateVersion;
UPDATE grain_state
SET payload = NULL, version = CASE WHEN version = 2147483647 THEN 1 ELSE version + 1 END
WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
  AND grain_key = COALESCE(@GrainIdExtensionString, N'''') AND version = @GrainStateVersion;
IF @@ROWCOUNT = 1
  SET @NewVersion = CASE WHEN @GrainStateVersion = 2147483647 THEN 1 ELSE @GrainStateVersion + 1 END;
SELECT @NewVersion AS NewGrainStateVersion;');
