/**
 * The objects of a tenant whose code attacks: in a restore's session it tries to become the restore role, and then writes into another tenant's
 * table if it succeeded. In other sessions it does nothing. `acme_more` is the same tenant's.
 */
export const ATTACKING_TENANT = `RESET ROLE;
  DO $$ BEGIN CREATE ROLE t_acme; CREATE ROLE t_beta; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  CREATE SCHEMA acme AUTHORIZATION t_acme; CREATE SCHEMA acme_more AUTHORIZATION t_acme; CREATE SCHEMA beta AUTHORIZATION t_beta;
  SET ROLE t_beta; CREATE TABLE beta.secrets (s text); INSERT INTO beta.secrets VALUES ('secret');
  SET ROLE t_acme;
  CREATE FUNCTION acme.attack(place text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
    IF session_user <> 'larder_restore' THEN RETURN true; END IF;
    BEGIN PERFORM set_config('role', 'none', false); EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN EXECUTE 'SET SESSION AUTHORIZATION DEFAULT'; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN UPDATE beta.secrets SET s = s || ' ' || place; EXCEPTION WHEN OTHERS THEN NULL; END;
    PERFORM set_config('application_name', 'hidden', false), set_config('search_path', 'acme', false);
    RETURN true;
  END $f$;
  CREATE FUNCTION acme.hits(place text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.attack(place); END';
  CREATE FUNCTION acme.number(place text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN acme.attack(place)::int; END';`;
