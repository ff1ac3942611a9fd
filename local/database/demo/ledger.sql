-- Names that need quotes everywhere: the schema, a table, columns, a type, a sequence.
CREATE SCHEMA "Müller & Söhne ""Nord""";
SET search_path = "Müller & Söhne ""Nord""";

CREATE TYPE "Art" AS ENUM ('Soll', 'Haben', 'it''s both');

CREATE TABLE "Konten" (
  "Nummer" integer PRIMARY KEY,
  "Name" text NOT NULL,
  parent integer REFERENCES "Konten" DEFERRABLE INITIALLY DEFERRED
);

CREATE SEQUENCE "Beleg-Nr." START WITH 5000 INCREMENT BY 5;

CREATE TABLE "Buchungen 2026" (
  id bigint PRIMARY KEY DEFAULT nextval('"Müller & Söhne ""Nord"""."Beleg-Nr."'),
  "Konto" integer NOT NULL REFERENCES "Konten",
  "Art" "Art" NOT NULL,
  "Betrag €" numeric(12, 2) NOT NULL,
  "select" boolean NOT NULL DEFAULT false,
  "Beleg" jsonb,
  gebucht date NOT NULL
);

CREATE TABLE "weird.name; DROP TABLE x" (id integer PRIMARY KEY, "a""b" text);

INSERT INTO "Konten" ("Nummer", "Name", parent)
SELECT 1000 + n, 'Konto ' || n, CASE WHEN n > 10 THEN 1000 + n / 10 END
FROM generate_series(1, 400) AS n;

INSERT INTO "Buchungen 2026" ("Konto", "Art", "Betrag €", "select", "Beleg", gebucht)
SELECT 1001 + n % 400, (enum_range(NULL::"Art"))[1 + n % 3], (n % 100000) / 100.0, n % 7 = 0,
       CASE WHEN n % 2 = 0 THEN jsonb_build_object('scan', 'beleg-' || n || '.pdf', 'ok', true) END,
       date '2026-01-01' + n % 300
FROM generate_series(1, 16000) AS n;

INSERT INTO "weird.name; DROP TABLE x" (id, "a""b")
SELECT n, repeat('ü\', n % 9) FROM generate_series(1, 50) AS n;

CREATE INDEX "nach Konto" ON "Buchungen 2026" ("Konto", gebucht);
CREATE VIEW "Salden" AS
SELECT "Konto", sum(CASE "Art" WHEN 'Soll' THEN -"Betrag €" ELSE "Betrag €" END) AS "Saldo"
FROM "Buchungen 2026" GROUP BY "Konto";
RESET search_path;
