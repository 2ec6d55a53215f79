WITH cells AS (
  SELECT
    (
      EPOCH_US(started_at) + 259200000000
    ) // 604800000000 AS bucket,
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
    1
), facts AS (
  SELECT
    bucket,
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
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial,
  SUM(cost) AS cost
FROM facts
GROUP BY
  GROUPING SETS (
    (bucket),
    ()
  )
ORDER BY
  is_total DESC,
  bucket ASC
