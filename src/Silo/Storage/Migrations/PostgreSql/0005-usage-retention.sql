-- What retention has dropped from the ledger, summed by key and requested model: the ledger's sum is this and what is left there.
CREATE TABLE usage_carried (
  key_id text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  requests bigint NOT NULL,
  input_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  audio_input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  audio_output_tokens bigint NOT NULL,
  PRIMARY KEY (key_id, model)
);

-- How far each key's entries are dropped, 0 for not at all; and when the newest of them was reserved, in unix milliseconds.
ALTER TABLE usage_positions ADD COLUMN dropped_sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_positions ADD COLUMN dropped_reserved_at bigint NOT NULL DEFAULT 0;
