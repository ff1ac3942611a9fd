-- Who the tenants are. Larder's default query reads this table.
CREATE SCHEMA control_plane;

CREATE TABLE control_plane.projects (
  id text PRIMARY KEY,
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED')),
  created_at timestamptz NOT NULL
);

INSERT INTO control_plane.projects (id, name, status, created_at) VALUES
  ('acme', 'Acme Stores', 'ACTIVE', '2025-01-07 09:00+00'),
  ('globex', 'Globex Energy', 'ACTIVE', '2025-03-19 14:30+00'),
  ('Müller & Söhne "Nord"', 'Müller & Söhne, branch north', 'ACTIVE', '2025-06-02 08:15+00'),
  ('initech', 'Initech (left us)', 'SUSPENDED', '2025-02-11 11:45+00');
