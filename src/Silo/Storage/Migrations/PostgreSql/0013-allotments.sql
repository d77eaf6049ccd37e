-- What keys have been allotted of the limits of users, teams and the organization: for each limit and window a sum, and a row for each key.
-- The end of a window is in unix milliseconds; the largest number for never.
CREATE TABLE allotment_windows (
  limit_id text COLLATE "C" NOT NULL,
  window_end bigint NOT NULL,
  account_level text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  allotted bigint NOT NULL,
  used bigint NOT NULL,
  warned integer NOT NULL,
  would_refuse bigint NOT NULL,
  PRIMARY KEY (limit_id, window_end)
);

CREATE TABLE allotments (
  limit_id text COLLATE "C" NOT NULL,
  window_end bigint NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  ceiling bigint NOT NULL,
  used bigint NOT NULL,
  PRIMARY KEY (limit_id, window_end, key_id)
);
