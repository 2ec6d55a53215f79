-- $1 = datetime.datetime(2026, 10, 19, 22, 0)
-- $2 = datetime.datetime(2026, 11, 18, 23, 0)
WITH cells AS (
  SELECT
    (
      EPOCH_US(started_at) + (
        CASE
          WHEN started_at < CAST('2026-10-25 01:00:00' AS TIMESTAMP)
          THEN 7200000000
          ELSE 3600000000
        END
      )
    ) // 86400000000 AS bucket,
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
    started_at >= $1 AND started_at < $2
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
