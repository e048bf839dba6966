-- A store of version 2: what this version made of the one of release 0.1.
CREATE TABLE mask_monitor_version (
    version INTEGER NOT NULL
);
INSERT INTO "mask_monitor_version" VALUES(2);
CREATE TABLE shifts (
    shift_id VARCHAR(200) NOT NULL,
    started DATETIME NOT NULL,
    still_masked INTEGER NOT NULL,
    still_unmasked INTEGER NOT NULL,
    still_incorrect INTEGER NOT NULL,
    still_unsure INTEGER NOT NULL,
    PRIMARY KEY (shift_id)
);
INSERT INTO "shifts" VALUES('20261119-080000-ab12','2026-11-19 08:00:00.000000',0,0,0,0);
INSERT INTO "shifts" VALUES('20261120-080000-cd34','2026-11-20 08:00:00.000000',3,1,0,2);
CREATE TABLE "sightings" (
    sighting_id VARCHAR(200) NOT NULL,
    visit_id VARCHAR(200) NOT NULL,
    camera TEXT NOT NULL,
    first_seen DATETIME NOT NULL,
    last_seen DATETIME NOT NULL,
    seconds_unmasked FLOAT NOT NULL,
    worst_state VARCHAR(200) NOT NULL,
    final_state VARCHAR(200) NOT NULL,
    confidence FLOAT NOT NULL,
    identity TEXT,
    model VARCHAR(200) NOT NULL,
    corrected VARCHAR(200),
    note TEXT NOT NULL,
    open BOOLEAN NOT NULL,
    shift_id VARCHAR(200) NOT NULL,
    PRIMARY KEY (sighting_id)
);
INSERT INTO "sightings" VALUES('20261118-080000-ef56-v7-s1','20261118-080000-ef56-v7','door','2026-11-18 12:00:00.000000','2026-11-18 12:00:05.000000',5.0,'unmasked','masked',0.91,NULL,'mask_v3',NULL,'its visit and its shift were purged',FALSE,'20261118-080000-ef56');
INSERT INTO "sightings" VALUES('20261119-080000-ab12-v1-s1','20261119-080000-ab12-v1','door','2026-11-19 12:00:02.000000','2026-11-19 12:00:09.500000',7.5,'incorrect','unmasked',0.875,'Ada','mask_v3','masked','a ''visor''',FALSE,'20261119-080000-ab12');
INSERT INTO "sightings" VALUES('20261120-080000-cd34-v2-s1','20261120-080000-cd34-v2','back-v2','2026-11-20 23:30:02.000000','2026-11-20 23:31:00.000000',58.0,'unmasked','unmasked',0.99,NULL,'mask_v3','no person','',TRUE,'20261120-080000-cd34');
CREATE TABLE visits (
    visit_id VARCHAR(200) NOT NULL,
    shift_id VARCHAR(200) NOT NULL,
    camera TEXT NOT NULL,
    first_seen DATETIME NOT NULL,
    last_seen DATETIME NOT NULL,
    state VARCHAR(200) NOT NULL,
    corrected VARCHAR(200),
    identity TEXT,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (visit_id)
);
INSERT INTO "visits" VALUES('20261119-080000-ab12-v1','20261119-080000-ab12','door','2026-11-19 12:00:00.000000','2026-11-19 12:00:09.500000','unmasked',NULL,NULL,FALSE);
INSERT INTO "visits" VALUES('20261120-080000-cd34-v1','20261120-080000-cd34','door','2026-11-20 12:00:00.000000','2026-11-20 12:00:03.250000','masked',NULL,'Ada',FALSE);
INSERT INTO "visits" VALUES('20261120-080000-cd34-v2','20261120-080000-cd34','back-v2','2026-11-20 23:30:00.000000','2026-11-20 23:31:00.000000','unmasked','no person',NULL,TRUE);
CREATE INDEX ix_shifts_started ON shifts (started);
CREATE INDEX ix_visits_shift_id ON visits (shift_id);
CREATE INDEX ix_visits_first_seen ON visits (first_seen);
CREATE INDEX ix_sightings_first_seen ON sightings (first_seen);
CREATE INDEX ix_sightings_visit_id ON sightings (visit_id);
