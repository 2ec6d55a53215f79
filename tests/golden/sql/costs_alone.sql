WITH cells AS (
  SELECT
    agent AS d0,
    COUNT(*) AS exchanges,
    SUM(list_cost) AS cost
  FROM exchanges
  GROUP BY
    1
), facts AS (
  SELECT
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    cost
  FROM cells
), leaders AS (
  SELECT
    d0
  FROM facts
  GROUP BY
    d0
  ORDER BY
    SUM(cost) DESC,
    d0
  LIMIT 5
), keyed AS (
  SELECT
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE facts.d0 END AS d0,
    exchanges,
    cost
  FROM facts
  LEFT JOIN leaders
    ON facts.d0 = leaders.d0
)
SELECT
  GROUPING(rest) AS is_total,
  rest,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(cost) AS cost
FROM keyed
GROUP BY
  GROUPING SETS (
    (rest, d0),
    ()
  )
ORDER BY
  is_total DESC,
  rest ASC,
  SUM(cost) DESC,
  d0
