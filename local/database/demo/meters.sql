-- Meter readings: a time series with hash partitions, a composite type, an exclusion constraint, NaN.
CREATE SCHEMA globex;
SET search_path = globex;

CREATE TYPE unit AS ENUM ('kWh', 'm³', '°C');
CREATE TYPE place AS (latitude double precision, longitude double precision);

CREATE TABLE meters (
  id uuid PRIMARY KEY,
  serial text NOT NULL UNIQUE,
  unit unit NOT NULL,
  location place,
  settings jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE readings (
  meter_id uuid NOT NULL REFERENCES meters,
  taken_at timestamptz NOT NULL,
  value double precision NOT NULL,
  quality smallint NOT NULL DEFAULT 100,
  PRIMARY KEY (meter_id, taken_at)
) PARTITION BY HASH (meter_id);
CREATE TABLE readings_0 PARTITION OF readings FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE readings_2 PARTITION OF readings FOR VALUES WITH (MODULUS 3, REMAINDER 2);

CREATE TABLE tariffs (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  valid daterange NOT NULL,
  cents numeric(8, 3) NOT NULL,
  EXCLUDE USING gist (valid WITH &&)
);

INSERT INTO meters (id, serial, unit, location, settings)
SELECT md5('meter ' || n)::uuid, 'GX-' || n, (enum_range(NULL::unit))[1 + n % 3],
       ROW(47 + n / 100.0, 8 + n / 90.0)::place,
       jsonb_build_object('interval', 900, 'site', jsonb_build_object('floor', n % 9, 'name', 'Hall ' || n % 4))
FROM generate_series(1, 100) AS n;

INSERT INTO readings (meter_id, taken_at, value, quality)
SELECT md5('meter ' || m)::uuid, timestamptz '2026-01-01Z' + t * interval '15 minutes',
       CASE WHEN t % 97 = 0 THEN 'NaN' ELSE m + sin(t / 13.0) * 10 END, 100 - t % 5
FROM generate_series(1, 100) AS m CROSS JOIN generate_series(1, 300) AS t;

INSERT INTO tariffs (name, valid, cents)
SELECT 'Tariff ' || y, daterange(make_date(y, 1, 1), make_date(y + 1, 1, 1)), 21.5 + y % 7
FROM generate_series(2015, 2026) AS y;

CREATE MATERIALIZED VIEW daily AS
SELECT meter_id, (taken_at AT TIME ZONE 'UTC')::date AS day, avg(value) AS mean, count(*) AS readings
FROM readings GROUP BY 1, 2;

CREATE VIEW poor_readings AS SELECT * FROM readings WHERE quality < 97 WITH CHECK OPTION;

CREATE FUNCTION cost(energy double precision, at date) RETURNS numeric LANGUAGE sql STABLE
SET search_path = globex AS $$ SELECT energy::numeric * cents FROM tariffs WHERE valid @> at $$;
RESET search_path;
