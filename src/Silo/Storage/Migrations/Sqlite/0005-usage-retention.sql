-- What retention has dropped from the ledger, summed by key and requested model: the ledger's sum is this and what is left there.
CREATE TABLE usage_carried (
  key_id TEXT NOT NULL,
  model TEXT NOT NULL,
  requests BIGINT NOT NULL,
  input_tokens BIGINT NOT NULL,
  cached_input_tokens BIGINT NOT NULL,
  audio_input_tokens BIGINT NOT NULL,
  output_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  audio_output_tokens BIGINT NOT NULL,
  PRIMARY KEY (key_id, model)
);

-- How far each key's entries are dropped, 0 for not at all; and when the newest of them was reserved, in unix milliseconds.
ALTER TABLE usage_positions ADD COLUMN dropped_sequence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_positions ADD COLUMN dropped_reserved_at BIGINT NOT NULL DEFAULT 0;
