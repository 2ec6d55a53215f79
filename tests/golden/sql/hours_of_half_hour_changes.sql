WITH cells AS (
  SELECT
    (
      EPOCH_US(started_at) + (
        CASE
          WHEN started_at < CAST('2026-04-04 15:00:00' AS TIMESTAMP)
          THEN 0
          WHEN started_at < CAST('2026-10-03 15:30:00' AS TIMESTAMP)
          THEN 1800000000
          ELSE 0
        END
      )
    ) // 3600000000 * 3600000000 - (
      CASE
        WHEN started_at < CAST('2026-04-04 15:00:00' AS TIMESTAMP)
        THEN 0
        WHEN started_at < CAST('2026-10-03 15:30:00' AS TIMESTAMP)
        THEN 1800000000
        ELSE 0
      END
    ) AS bucket,
    COUNT(*) AS exchanges,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unpriced') AS unpriced,
    COUNT(*) FILTER(WHERE
      pricing_status = 'unmetered') AS unmetered,
    COUNT(*) FILTER(WHERE
      usage_source = 'partial') AS partial
  FROM exchanges
  GROUP BY
    1
), facts AS (
  SELECT
    bucket,
    exchanges,
    unpriced,
    unmetered,
    partial
  FROM cells
)
SELECT
  GROUPING(bucket) AS is_total,
  bucket,
  SUM(exchanges) AS exchanges,
  SUM(unpriced) AS unpriced,
  SUM(unmetered) AS unmetered,
  SUM(partial) AS partial
FROM facts
GROUP BY
  GROUPING SETS (
    (bucket),
    ()
  )
ORDER BY
  is_total DESC,
  bucket ASC
