-- The snapshots of grains. The grain's id has its type in front, so that two grain classes never share a row.
CREATE TABLE grain_state (
  state_name TEXT NOT NULL,
  grain_id TEXT NOT NULL,
  etag TEXT NOT NULL,
  payload BLOB NOT NULL,
  PRIMARY KEY (state_name, grain_id)
);
