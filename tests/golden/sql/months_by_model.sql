WITH cells AS (
  SELECT
    EPOCH_US(started_at) // 86400000000 AS bucket,
    model AS d0,
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
    DATE_DIFF(
      'month',
      CAST('1970-01-01' AS DATE),
      CAST('1970-01-01' AS DATE) + CAST(bucket AS INT)
    ) AS bucket,
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial,
    cost
  FROM cells
)
SELECT
  GROUPING(bucket) AS is_total,
  bucket,
  d0,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost
FROM facts
GROUP BY
  GROUPING SETS (
    (bucket, d0),
    ()
  )
ORDER BY
  is_total DESC,
  bucket ASC,
  SUM(cost) DESC,
  d0
