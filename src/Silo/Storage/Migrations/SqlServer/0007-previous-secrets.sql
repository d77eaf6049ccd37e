-- The secret that a key had before its last rotation, and until when it is good, in unix milliseconds.
ALTER TABLE api_keys ADD previous_hash varbinary(64) NULL;
ALTER TABLE api_keys ADD previous_hash_until bigint NULL;
