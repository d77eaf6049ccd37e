-- The ledger. Times are unix milliseconds.
CREATE TABLE usage_entries (
  key_id text COLLATE "C" NOT NULL,
  sequence bigint NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  part integer NOT NULL,
  requests integer NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  team_id text COLLATE "C" NULL,
  reserved_at bigint NOT NULL,
  endpoint text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  input_tokens_held bigint NOT NULL,
  output_tokens_held bigint NOT NULL,
  choices integer NOT NULL,
  input_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  audio_input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  audio_output_tokens bigint NOT NULL,
  source text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  http_status integer NOT NULL,
  model_actual text COLLATE "C" NULL,
  upstream text COLLATE "C" NOT NULL,
  attempts integer NOT NULL,
  started_at bigint NOT NULL,
  first_byte_at bigint NULL,
  ended_at bigint NOT NULL,
  PRIMARY KEY (key_id, sequence)
);

CREATE UNIQUE INDEX ux_usage_entries_request_id_part ON usage_entries (request_id, part);
CREATE INDEX ix_usage_entries_user_id_reserved_at ON usage_entries (user_id, reserved_at);
CREATE INDEX ix_usage_entries_reserved_at ON usage_entries (reserved_at);
