WITH cells AS (
  SELECT
    EPOCH_US(started_at) // 86400000000 AS bucket,
    agent AS d0,
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial,
    SUM(list_cost) AS cost
  FROM exchanges
  GROUP BY
    1,
    2
), facts AS (
  SELECT
    bucket,
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
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
    bucket,
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE facts.d0 END AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
    cost
  FROM facts
  LEFT JOIN leaders
    ON facts.d0 = leaders.d0
)
SELECT
  GROUPING(bucket) AS is_total,
  bucket,
  rest,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost
FROM keyed
GROUP BY
  GROUPING SETS (
    (bucket, rest, d0),
    ()
  )
ORDER BY
  is_total DESC,
  bucket ASC,
  rest ASC,
  SUM(cost) DESC,
  d0
