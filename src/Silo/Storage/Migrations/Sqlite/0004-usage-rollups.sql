-- The sums of a key's entries by hour (unix milliseconds of its start) and by what reports group by; re-derivable from the ledger.
-- The texts that tell the rows of an hour apart stand in the primary key as their hash: short, and alike on every database.
CREATE TABLE usage_hourly (
  key_id TEXT NOT NULL,
  hour_start BIGINT NOT NULL,
  dimensions TEXT NOT NULL,
  user_id TEXT NOT NULL,
  team_id TEXT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  requests BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_input_tokens BIGINT NOT NULL,
  audio_input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  audio_output_tokens BIGINT NOT NULL,
  PRIMARY KEY (key_id, hour_start, dimensions)
);

CREATE INDEX ix_usage_hourly_hour_start ON usage_hourly (hour_start);

-- How far each key's entries are in the sums. A key's row is made with its first entry, so that every key of the ledger has one.
CREATE TABLE usage_positions (
  key_id TEXT NOT NULL PRIMARY KEY,
  rolled_up_sequence BIGINT NOT NULL
);

INSERT INTO usage_positions (key_id, rolled_up_sequence) SELECT DISTINCT key_id, 0 FROM usage_entries;
