CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  team_id TEXT NULL,
  hash BLOB NOT NULL,
  hint TEXT NOT NULL,
  models TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NULL,
  revoked_at BIGINT NULL
);

CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);

-- The limits of every level: an owner is a key now, and may be a user, a team or the organization later.
CREATE TABLE limits (
  owner_level TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  metric TEXT NOT NULL,
  window TEXT NOT NULL,
  amount BIGINT NOT NULL,
  model TEXT NULL,
  PRIMARY KEY (owner_level, owner_id, ordinal)
);
