-- What servers know from 18 on.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE TABLE formed.virtual (a integer, b integer, s varchar, v integer GENERATED ALWAYS AS (a - b), w boolean GENERATED ALWAYS AS (s IN ('a', 'b') AND a BETWEEN 1 AND 2) VIRTUAL, CONSTRAINT lax CHECK (a - b > 0) NOT ENFORCED, CONSTRAINT must NOT NULL a NOT VALID);
CREATE FUNCTION formed.both() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC UPDATE formed.k SET x = y - x RETURNING WITH (OLD AS o, NEW AS n) n.x - o.x; END;
