-- The snapshots of grains, and the statements with which Orleans' ADO.NET provider reads and writes them.
-- The key has the full text, so that two first writes cannot both insert. Orleans fixes names and columns of its query table.
CREATE TABLE grain_state (
  service_id text COLLATE "C" NOT NULL,
  state_name text COLLATE "C" NOT NULL,
  grain_n0 bigint NOT NULL,
  grain_n1 bigint NOT NULL,
  grain_key text COLLATE "C" NOT NULL,
  version integer NOT NULL,
  payload bytea NULL,
  PRIMARY KEY (service_id, state_name, grain_n0, grain_n1, grain_key)
);

CREATE TABLE OrleansQuery (
  QueryKey varchar(64) NOT NULL PRIMARY KEY,
  QueryText text NOT NULL
);

INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('ReadFromStorageKey', '
SELECT payload AS PayloadBinary, version AS Version
FROM grain_state
WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
  AND grain_key = COALESCE(CAST(@GrainIdExtensionString AS text), '''')');

-- Answers the new version, or the old one for a conflict. The version starts again from 1 before it overflows.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('WriteToStorageKey', '
WITH updated AS (
  UPDATE grain_state
  SET payload = @PayloadBinary, version = CASE WHEN version = 2147483647 THEN 1 ELSE version + 1 END
  WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
    AND grain_key = COALESCE(CAST(@GrainIdExtensionString AS text), '''') AND version = CAST(@GrainStateVersion AS integer)
  RETURNING version
), inserted AS (
  INSERT INTO grain_state (service_id, state_name, grain_n0, grain_n1, grain_key, version, payload)
  SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(CAST(@GrainIdExtensionString AS text), ''''), 1, @PayloadBinary
  WHERE CAST(@GrainStateVersion AS integer) IS NULL
  ON CONFLICT DO NOTHING
  RETURNING version
)
SELECT COALESCE((SELECT version FROM updated), (SELECT version FROM inserted), CAST(@GrainStateVersion AS integer)) AS NewGrainStateVersion');

-- Keeps the row, and with it the version: a stale activation must not take a later state for the one that it has read.
INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('ClearStorageKey', '
WITH cleared AS (
  UPDATE grain_state
  SET payload = NULL, version = CASE WHEN version = 2147483647 THEN 1 ELSE version + 1 END
  WHERE service_id = @ServiceId AND state_name = @GrainTypeString AND grain_n0 = @GrainIdN0 AND grain_n1 = @GrainIdN1
    AND grain_key = COALESCE(CAST(@GrainIdExtensionString AS text), '''') AND version = CAST(@GrainStateVersion AS integer)
  RETURNING version
)
SELECT COALESCE((SELECT version FROM cleared), CAST(@GrainStateVersion AS integer)) AS NewGrainStateVersion');
