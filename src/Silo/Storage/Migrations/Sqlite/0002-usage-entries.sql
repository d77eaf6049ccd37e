-- The ledger. Times are unix milliseconds.
CREATE TABLE usage_entries (
  key_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  request_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  team_id TEXT NULL,
  reserved_at BIGINT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  input_tokens_held BIGINT NOT NULL,
  output_tokens_held BIGINT NOT NULL,
  choices INTEGER NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_input_tokens BIGINT NOT NULL,
  audio_input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  audio_output_tokens BIGINT NOT NULL,
  source TEXT NOT NULL,
  outcome TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  model_actual TEXT NULL,
  upstream TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  started_at BIGINT NOT NULL,
  first_byte_at BIGINT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (key_id, sequence)
);

CREATE UNIQUE INDEX ux_usage_entries_request_id_part ON usage_entries (request_id, part);
CREATE INDEX ix_usage_entries_user_id_reserved_at ON usage_entries (user_id, reserved_at);
CREATE INDEX ix_usage_entries_reserved_at ON usage_entries (reserved_at);
