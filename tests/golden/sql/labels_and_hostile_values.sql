-- $1 = "team'; --"
-- $2 = "'; DROP TABLE exchanges; --"
-- $3 = '(none)'
-- $4 = 429
WITH cells AS (
  SELECT
    MAP_EXTRACT_VALUE(labels, $1) AS d0,
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial,
    SUM(list_cost) AS cost
  FROM exchanges
  WHERE
    (
      agent IN ($2, $3) OR agent IS NULL
    ) AND status IN ($4)
  GROUP BY
    1
), facts AS (
  SELECT
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
    cost
  FROM cells
)
SELECT
  GROUPING(d0) AS is_total,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost
FROM facts
GROUP BY
  GROUPING SETS (
    (d0),
    ()
  )
ORDER BY
  is_total DESC,
  SUM(cost) DESC,
  d0
