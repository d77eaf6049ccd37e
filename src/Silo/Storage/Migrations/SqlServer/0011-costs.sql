-- What calls cost, in billionths of a US dollar: null on an entry that changes no known cost. Priced are as many calls of a sum as
-- have a cost in it; what was counted before prices were known has none. And the input tokens that were written to an upstream's cache.
ALTER TABLE usage_entries ADD cache_write_input_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_entries ADD cost_nano_usd bigint NULL;
ALTER TABLE usage_entries ADD priced_requests int NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD cache_write_input_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD cost_nano_usd bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_hourly ADD priced_requests bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD cache_write_input_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD cost_nano_usd bigint NOT NULL DEFAULT 0;
ALTER TABLE usage_carried ADD priced_requests bigint NOT NULL DEFAULT 0;

-- What a limit does when it has no room; null is soft.
ALTER TABLE limits ADD enforcement nvarchar(32) COLLATE Latin1_General_BIN2 NULL;
