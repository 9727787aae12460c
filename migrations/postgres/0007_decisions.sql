-- What people decided on identities, newest first: most decisions are the server's own, so theirs have an index.
CREATE INDEX identity_decision_of_people ON identity_decision (municipality_id, decision_id) WHERE kind <> 3;
