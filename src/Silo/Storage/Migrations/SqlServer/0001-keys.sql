-- A binary collation, so that the case of text counts, and the order of ids is the same in every database.
CREATE TABLE api_keys (
  id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY,
  name nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  user_id nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  team_id nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  hash varbinary(64) NOT NULL,
  hint nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  models nvarchar(max) NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NULL,
  revoked_at bigint NULL
);

CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);

-- The limits of every level: an owner is a key now, and may be a user, a team or the organization later.
CREATE TABLE limits (
  owner_level nvarchar(16) COLLATE Latin1_General_BIN2 NOT NULL,
  owner_id nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  ordinal int NOT NULL,
  metric nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  [window] nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  amount bigint NOT NULL,
  model nvarchar(256) COLLATE Latin1_General_BIN2 NULL,
  PRIMARY KEY (owner_level, owner_id, ordinal)
);
