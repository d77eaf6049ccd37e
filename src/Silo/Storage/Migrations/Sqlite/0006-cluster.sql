-- Which activation owns which key, and until when silos may believe that they do. A released owner has stopped; with its holds,
-- it has told all that the next one must know. Times are unix milliseconds.
CREATE TABLE key_owners (
  key_id TEXT NOT NULL PRIMARY KEY,
  silo_id TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  released INTEGER NOT NULL,
  holds TEXT NULL
);

CREATE TABLE silo_leases (
  silo_id TEXT NOT NULL PRIMARY KEY,
  renewed_at BIGINT NOT NULL
);

-- The claims that a silo has lost, until it has heard of it.
CREATE TABLE lost_claims (
  silo_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (silo_id, key_id, epoch)
);
