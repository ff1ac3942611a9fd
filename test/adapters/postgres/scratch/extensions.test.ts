import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePlace, type Place, serverRoot } from './support.ts';

let place: Place;
beforeAll(async () => {
  place = await makePlace();
});
afterAll(async () => {
  await place.clear();
});

it('extensions of the layer work for tables of a tenant, including PostGIS with its own files', async () => {
  const root = await serverRoot(18, ['pgvector', 'postgis-3']);
  const server = await place.start({ programRoots: [root] });
  expect(server.extensions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['pgcrypto', 'postgis', 'vector']),
  );
  const superuser = await server.connect();
  await superuser.query('CREATE EXTENSION postgis; CREATE EXTENSION vector');
  await superuser.end();
  const owner = await server.connect(server.ownerAccess);
  await owner.query(`
    CREATE TABLE places (at geometry(Point, 4326), meaning vector(3));
    CREATE INDEX ON places USING gist (at); CREATE INDEX ON places USING hnsw (meaning vector_l2_ops);
    INSERT INTO places VALUES (ST_SetSRID(ST_MakePoint(15, 52), 4326), '[1,2,3]')`);
  const { rows } = await owner.query(
    `SELECT round(ST_X(ST_Transform(at, 25833)))::int AS x, meaning <-> '[1,2,4]' AS far,
       postgis_proj_version() AS proj FROM places`,
  );
  const proj = expect.stringContaining(`DATABASE_PATH=${root}/`);
  expect(rows[0]).toEqual({ x: 500_000, far: 1, proj });
  await owner.end();
});
