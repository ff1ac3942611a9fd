-- A tenant that is not ACTIVE any more: its schema is still there, and is not backed up.
CREATE SCHEMA initech;
CREATE TABLE initech.reports (id integer PRIMARY KEY, title text NOT NULL);
INSERT INTO initech.reports SELECT n, 'TPS report ' || n FROM generate_series(1, 25) AS n;
