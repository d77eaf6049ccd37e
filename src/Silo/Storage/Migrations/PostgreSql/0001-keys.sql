-- The collation C compares bytes, so that the order of ids is the same in every database.
CREATE TABLE api_keys (
  id text COLLATE "C" NOT NULL PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  team_id text COLLATE "C" NULL,
  hash bytea NOT NULL,
  hint text COLLATE "C" NOT NULL,
  models text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NULL,
  revoked_at bigint NULL
);

CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);

-- The limits of every level: an owner is a key now, and may be a user, a team or the organization later.
CREATE TABLE limits (
  owner_level text COLLATE "C" NOT NULL,
  owner_id text COLLATE "C" NOT NULL,
  ordinal integer NOT NULL,
  metric text COLLATE "C" NOT NULL,
  "window" text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,
  model text COLLATE "C" NULL,
  PRIMARY KEY (owner_level, owner_id, ordinal)
);
