-- The ledger. Times are unix milliseconds.
CREATE TABLE usage_entries (
  key_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  sequence bigint NOT NULL,
  request_id nvarchar(36) COLLATE Latin1_General_BIN2 NOT NULL,
  part int NOT NULL,
  requests int NOT NULL,
  user_id nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  team_id nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  reserved_at bigint NOT NULL,
  endpoint nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  model nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  input_tokens_held bigint NOT NULL,
  output_tokens_held bigint NOT NULL,
  choices int NOT NULL,
  input_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  audio_input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  audio_output_tokens bigint NOT NULL,
  source nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  outcome nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  http_status int NOT NULL,
  model_actual nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  upstream nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  attempts int NOT NULL,
  started_at bigint NOT NULL,
  first_byte_at bigint NULL,
  ended_at bigint NOT NULL,
  PRIMARY KEY (key_id, sequence)
);

CREATE UNIQUE INDEX ux_usage_entries_request_id_part ON usage_entries (request_id, part);
CREATE INDEX ix_usage_entries_user_id_reserved_at ON usage_entries (user_id, reserved_at);
CREATE INDEX ix_usage_entries_reserved_at ON usage_entries (reserved_at);
