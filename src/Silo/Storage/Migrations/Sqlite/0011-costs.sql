-- What calls cost, in billionths of a US dollar: null on an entry that changes no known cost. Priced are as many calls of a sum as
-- have a cost in it; what was counted before prices were known has none. And the input tokens that were written to an upstream's cache.
ALTER TABLE usage_entries ADD COLUMN cache_write_input_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_entries ADD COLUMN cost_nano_usd BIGINT NULL;
ALTER TABLE usage_entries ADD COLUMN priced_requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD COLUMN cache_write_input_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD COLUMN cost_nano_usd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD COLUMN priced_requests BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD COLUMN cache_write_input_tokens BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD COLUMN cost_nano_usd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD COLUMN priced_requests BIGINT NOT NULL DEFAULT 0;

-- What a limit does when it has no room; null is soft.
ALTER TABLE limits ADD COLUMN enforcement TEXT NULL;
