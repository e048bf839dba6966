-- Who may do what in the office's store. `main.py store roles` runs it as the store's owner, as often as
-- one likes; anybody may read it first: `main.py store roles --print`.
--
--   monitor_desk     what the role of a desk is a member of: reads and writes the rows that it wrote itself
--   monitor_manager  what the role of a manager is a member of: reads all, and writes nothing
--
-- The owner of the tables (who runs this) is bound by none of it, and is for bringing the store up to date,
-- for copies, and for `forget`.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_desk') THEN
    CREATE ROLE monitor_desk NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitor_manager') THEN
    CREATE ROLE monitor_manager NOLOGIN;
  END IF;
END $$;

-- Nobody else makes tables here, or reads them.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO monitor_desk, monitor_manager;
REVOKE ALL ON shifts, visits, sightings, watches, changes, tallies, mask_monitor_version
  FROM PUBLIC, monitor_desk, monitor_manager;
GRANT SELECT ON shifts, visits, sightings, watches, changes, tallies, mask_monitor_version
  TO monitor_desk, monitor_manager;
GRANT INSERT, UPDATE, DELETE ON shifts, visits, sightings, watches TO monitor_desk;
GRANT INSERT, DELETE ON tallies, changes TO monitor_desk;  -- what somebody has said is never rewritten

-- Whose row it is: the role that wrote it. The database fills it in; no program can claim another's.
ALTER TABLE shifts    ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT current_user;
ALTER TABLE visits    ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT current_user;
ALTER TABLE sightings ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT current_user;
ALTER TABLE watches   ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT current_user;
ALTER TABLE changes   ADD COLUMN IF NOT EXISTS owner text NOT NULL DEFAULT current_user;

ALTER TABLE shifts    ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits    ENABLE ROW LEVEL SECURITY;
ALTER TABLE sightings ENABLE ROW LEVEL SECURITY;
ALTER TABLE watches   ENABLE ROW LEVEL SECURITY;
ALTER TABLE changes   ENABLE ROW LEVEL SECURITY;
ALTER TABLE tallies   ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS own ON shifts;
DROP POLICY IF EXISTS own ON visits;
DROP POLICY IF EXISTS own ON sightings;
DROP POLICY IF EXISTS own ON watches;
DROP POLICY IF EXISTS own ON tallies;
DROP POLICY IF EXISTS own ON changes;
DROP POLICY IF EXISTS add ON changes;
DROP POLICY IF EXISTS old ON changes;
CREATE POLICY own ON shifts    TO monitor_desk USING (owner = current_user) WITH CHECK (owner = current_user);
CREATE POLICY own ON visits    TO monitor_desk USING (owner = current_user) WITH CHECK (owner = current_user);
CREATE POLICY own ON sightings TO monitor_desk USING (owner = current_user) WITH CHECK (owner = current_user);
CREATE POLICY own ON watches   TO monitor_desk USING (owner = current_user) WITH CHECK (owner = current_user);
-- numbers are of a shift, and whose shift it is says whose they are
CREATE POLICY own ON tallies   TO monitor_desk
  USING (shift_id IN (SELECT shift_id FROM shifts)) WITH CHECK (shift_id IN (SELECT shift_id FROM shifts));
-- the audit: added to, and taken away only by the retention
CREATE POLICY own ON changes FOR SELECT TO monitor_desk USING (owner = current_user);
CREATE POLICY add ON changes FOR INSERT TO monitor_desk WITH CHECK (owner = current_user);
CREATE POLICY old ON changes FOR DELETE TO monitor_desk
  USING (owner = current_user AND written < timezone('utc', now()) - interval '1 day');

DROP POLICY IF EXISTS everything ON shifts;
DROP POLICY IF EXISTS everything ON visits;
DROP POLICY IF EXISTS everything ON sightings;
DROP POLICY IF EXISTS everything ON watches;
DROP POLICY IF EXISTS everything ON changes;
DROP POLICY IF EXISTS everything ON tallies;
CREATE POLICY everything ON shifts    FOR SELECT TO monitor_manager USING (true);
CREATE POLICY everything ON visits    FOR SELECT TO monitor_manager USING (true);
CREATE POLICY everything ON sightings FOR SELECT TO monitor_manager USING (true);
CREATE POLICY everything ON watches   FOR SELECT TO monitor_manager USING (true);
CREATE POLICY everything ON changes   FOR SELECT TO monitor_manager USING (true);
CREATE POLICY everything ON tallies   FOR SELECT TO monitor_manager USING (true);
