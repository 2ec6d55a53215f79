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
), calls AS (
  SELECT
    EPOCH_US(started_at) // 86400000000 AS bucket,
    COALESCE(CAST(agent AS TEXT), '(none)') AS d0,
    latency_us
  FROM exchanges
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
), placed AS (
  SELECT
    bucket,
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE calls.d0 END AS d0,
    latency_us
  FROM calls
  LEFT JOIN leaders
    ON calls.d0 = leaders.d0
), sums AS (
  SELECT
    GROUPING(bucket, d0) AS is_total,
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
      (rest, d0),
      (bucket),
      ()
    )
), spreads AS (
  SELECT
    bucket,
    rest,
    d0,
    QUANTILE_DISC(latency_us, [0.95]) AS latency_us_spread
  FROM placed
  GROUP BY
    GROUPING SETS (
      (rest, d0),
      (bucket),
      ()
    )
)
SELECT
  sums.is_total,
  sums.bucket,
  sums.rest,
  sums.d0,
  sums.exchanges,
  sums.unpriced,
  sums.unmetered,
  sums.partial,
  sums.cost,
  spreads.latency_us_spread
FROM sums
JOIN spreads
  ON sums.bucket IS NOT DISTINCT FROM spreads.bucket
  AND sums.rest IS NOT DISTINCT FROM spreads.rest
  AND sums.d0 IS NOT DISTINCT FROM spreads.d0
ORDER BY
  is_total DESC,
  rest ASC,
  cost DESC,
  d0,
  bucket
