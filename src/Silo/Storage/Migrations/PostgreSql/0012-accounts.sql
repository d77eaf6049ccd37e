-- Users, teams and the organization; their limits are in the table of limits. Whoever a key belongs to has a row, made with the key. Times are unix
-- milliseconds.
CREATE TABLE accounts (
  level text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text COLLATE "C" NULL,
  team_id text COLLATE "C" NULL,
  created_at bigint NOT NULL,
  suspended_at bigint NULL,
  PRIMARY KEY (level, id)
);

INSERT INTO accounts (level, id, created_at) SELECT 'user', user_id, MIN(created_at) FROM api_keys GROUP BY user_id;

-- How often accounts were changed, in one row. Every change of them takes that row first.
CREATE TABLE account_versions (
  id integer NOT NULL PRIMARY KEY,
  version bigint NOT NULL
);

INSERT INTO account_versions (id, version) VALUES (1, 1);
