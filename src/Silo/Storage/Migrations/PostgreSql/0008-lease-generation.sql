-- How often a silo has begun its lease, so that one that was forgotten is never taken for the one after it.
ALTER TABLE silo_leases ADD COLUMN generation bigint NOT NULL DEFAULT 0;
