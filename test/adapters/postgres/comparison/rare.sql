-- What few schemas hold: all of it decides how rows are found, sorted or compared.
SET search_path = formed;
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = pg_catalog.simple, ACCEPT = false);
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, LANGUAGE = english, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION search (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION search ALTER MAPPING FOR asciiword, word WITH plain, stems, pg_catalog.simple;
ALTER TEXT SEARCH CONFIGURATION search DROP MAPPING FOR email;
CREATE COLLATION plain_c (LOCALE = 'C');
CREATE COLLATION copied FROM "C";
CREATE COLLATION nocase (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE COLLATION numbers (PROVIDER = icu, LOCALE = 'en-u-kn');
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE FUNCTION same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION other(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $2';
CREATE OPERATOR ~== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = same, COMMUTATOR = ~==, NEGATOR = ~<>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR ~<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = other, COMMUTATOR = ~<>, NEGATOR = ~==, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR ~! (RIGHTARG = integer, FUNCTION = int4um);
CREATE OPERATOR ~? (LEFTARG = integer, RIGHTARG = integer, FUNCTION = same, COMMUTATOR = ~??);
CREATE OPERATOR ~?! (LEFTARG = integer, RIGHTARG = integer, FUNCTION = same, NEGATOR = ~|);
DROP OPERATOR ~?! (integer, integer);
CREATE OPERATOR FAMILY backwards USING btree;
CREATE OPERATOR CLASS backwards FOR TYPE integer USING btree FAMILY backwards AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(integer, integer);
ALTER OPERATOR FAMILY backwards USING btree ADD OPERATOR 1 > (integer, bigint), FUNCTION 1 (integer, bigint) btint48cmp(integer, bigint);
CREATE OPERATOR CLASS hashed FOR TYPE integer USING hash AS OPERATOR 1 ~==, FUNCTION 1 hashint4(integer);
CREATE INDEX backward ON t (a backwards, s COLLATE plain_c);
CREATE AGGREGATE rare(integer) (SFUNC = int4_avg_accum, STYPE = bigint[], SSPACE = 64, FINALFUNC = int8_avg, FINALFUNC_MODIFY = SHAREABLE, INITCOND = '{0,0}', MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MSTYPE = bigint[], MFINALFUNC = int8_avg, MINITCOND = '{0,0}', PARALLEL = restricted);
CREATE AGGREGATE least_of(integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
CREATE TYPE floats AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = many_floats);

-- Heirs whose parents were given a compression and a storage later, which CREATE TABLE ... INHERITS takes over.
CREATE TABLE mother (id integer, a text, b text, c text);
CREATE TABLE daughter (x integer) INHERITS (mother);
CREATE TABLE granddaughter (y integer) INHERITS (daughter);
ALTER TABLE ONLY mother ALTER a SET COMPRESSION pglz, ALTER b SET STORAGE EXTERNAL;
ALTER TABLE ONLY daughter ALTER c SET COMPRESSION pglz;
