-- Reports read a user's hours from the sums, and of an hour that is not whole all users' entries by their time: this index was written with every entry,
-- for each user to another page, and served no query.
DROP INDEX ix_usage_entries_user_id_reserved_at;
