WITH calls AS (
  SELECT
    EPOCH_US(started_at) // 86400000000 AS bucket,
    COALESCE(CAST(agent AS TEXT), '(none)') AS d0,
    latency_us
  FROM exchanges
)
SELECT
  GROUPING(bucket, d0) AS is_total,
  bucket,
  d0,
  QUANTILE_DISC(latency_us, [0.50, 0.95]) AS latency_us_spread
FROM calls
GROUP BY
  GROUPING SETS (
    (d0),
    (bucket),
    ()
  )
ORDER BY
  is_total DESC,
  bucket,
  d0
