-- Search reads the newest texts of tickets in their order.

-- The newest texts of all owners, for those who look through many.
CREATE INDEX ticket_text_newest ON ticket_text (changed_at, ticket_id);
