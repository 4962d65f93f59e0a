-- family_people: the second guardian of a family and its grown people, who have joined it or were asked
-- to. family_id is the account of the first guardian, which has no row. Members are not here: their
-- accounts.guardian_id is the same account. history.actor_id: the guardian who did what the event tells;
-- 0 for the person themselves, or nobody.
-- +goose Up
CREATE TABLE family_people (
    family_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    joined_at DATETIME NULL,
    PRIMARY KEY (family_id, account_id)
);
CREATE INDEX family_people_account_id ON family_people (account_id);
ALTER TABLE history ADD COLUMN actor_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX history_actor_id ON history (actor_id);

-- +goose Down
DROP INDEX history_actor_id;
ALTER TABLE history DROP COLUMN actor_id;
DROP TABLE family_people;
