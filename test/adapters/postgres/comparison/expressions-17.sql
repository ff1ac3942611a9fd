-- What servers know from 17 on.
CREATE VIEW formed.j1 AS SELECT JSON_OBJECT('a' : a - b, 'b' VALUE s ABSENT ON NULL) AS o, JSON_ARRAY(a, s NULL ON NULL RETURNING jsonb) AS r, JSON_ARRAYAGG(a - b ORDER BY b, a) AS g, JSON_OBJECTAGG(s : a) AS og,
    JSON_EXISTS(j, '$.a') AS e, JSON_VALUE(j, '$.a' RETURNING integer DEFAULT 1 - 2 ON EMPTY) AS v, JSON_QUERY(j, '$.a[*]' WITH WRAPPER) AS q, j IS JSON OBJECT AS i, JSON_SCALAR(a) AS sc FROM formed.t GROUP BY a, b, s, j;
CREATE VIEW formed.j2 AS SELECT jt.* FROM formed.t, JSON_TABLE(j, '$[*]' PASSING a - b AS d COLUMNS (n FOR ORDINALITY, x varchar(5) PATH '$.x' DEFAULT 'q' ON EMPTY, NESTED PATH '$.y[*]' COLUMNS (y integer PATH '$'))) AS jt;
CREATE FUNCTION formed.merged() RETURNS void LANGUAGE sql BEGIN ATOMIC
  MERGE INTO formed.k USING formed.t ON k.x = t.a AND k.y = t.b WHEN MATCHED AND k.x BETWEEN 1 AND 2 AND t.s IN ('a', 'b') THEN UPDATE SET x = t.a - t.b WHEN NOT MATCHED THEN INSERT (x, y) VALUES (t.a, t.b) WHEN NOT MATCHED BY SOURCE THEN DELETE; END;
CREATE VIEW formed.z AS SELECT at AT LOCAL AS l FROM formed.t;
