-- What keys have been allotted of the limits of users, teams and the organization: for each limit and window a sum, and a row for each key.
-- The end of a window is in unix milliseconds; the largest number for never.
CREATE TABLE allotment_windows (
  limit_id TEXT NOT NULL,
  window_end BIGINT NOT NULL,
  account_level TEXT NOT NULL,
  account_id TEXT NOT NULL,
  allotted BIGINT NOT NULL,
  used BIGINT NOT NULL,
  warned INTEGER NOT NULL,
  would_refuse BIGINT NOT NULL,
  PRIMARY KEY (limit_id, window_end)
);

CREATE TABLE allotments (
  limit_id TEXT NOT NULL,
  window_end BIGINT NOT NULL,
  key_id TEXT NOT NULL,
  ceiling BIGINT NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (limit_id, window_end, key_id)
);
