-- What keys have been allotted of the limits of users, teams and the organization: for each limit and window a sum, and a row for each key.
-- The end of a window is in unix milliseconds; the largest number for never.
CREATE TABLE allotment_windows (
  limit_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  window_end bigint NOT NULL,
  account_level nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  account_id nvarchar(256) COLLATE Latin1_General_BIN2 NOT NULL,
  allotted bigint NOT NULL,
  used bigint NOT NULL,
  warned int NOT NULL,
  would_refuse bigint NOT NULL,
  PRIMARY KEY (limit_id, window_end)
);

CREATE TABLE allotments (
  limit_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  window_end bigint NOT NULL,
  key_id nvarchar(32) COLLATE Latin1_General_BIN2 NOT NULL,
  ceiling bigint NOT NULL,
  used bigint NOT NULL,
  PRIMARY KEY (limit_id, window_end, key_id)
);
