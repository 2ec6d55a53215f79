WITH cells AS (
  SELECT
    model AS d0,
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
    COALESCE(CAST(d0 AS TEXT), '(none)') AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial
  FROM cells
), calls AS (
  SELECT
    COALESCE(CAST(model AS TEXT), '(none)') AS d0,
    latency_us,
    ttfb_us
  FROM exchanges
), leaders AS (
  SELECT
    d0
  FROM calls
  GROUP BY
    d0
  ORDER BY
    QUANTILE_DISC(latency_us, [0.99])[1] DESC,
    d0
  LIMIT 3
), keyed AS (
  SELECT
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE facts.d0 END AS d0,
    exchanges,
    unpriced,
    unmetered,
    partial
  FROM facts
  LEFT JOIN leaders
    ON facts.d0 = leaders.d0
), placed AS (
  SELECT
    leaders.d0 IS NULL AS rest,
    CASE WHEN leaders.d0 IS NULL THEN '(other)' ELSE calls.d0 END AS d0,
    latency_us,
    ttfb_us
  FROM calls
  LEFT JOIN leaders
    ON calls.d0 = leaders.d0
), sums AS (
  SELECT
    GROUPING(rest) AS is_total,
    rest,
    d0,
    SUM(exchanges) AS exchanges,
    SUM(unpriced) AS unpriced,
    SUM(unmetered) AS unmetered,
    SUM(partial) AS partial
  FROM keyed
  GROUP BY
    GROUPING SETS (
      (rest, d0),
      ()
    )
), spreads AS (
  SELECT
    rest,
    d0,
    QUANTILE_DISC(latency_us, [0.50, 0.99]) AS latency_us_spread,
    QUANTILE_DISC(ttfb_us, [0.95]) AS ttfb_us_spread
  FROM placed
  GROUP BY
    GROUPING SETS (
      (rest, d0),
      ()
    )
)
SELECT
  sums.is_total,
  sums.rest,
  sums.d0,
  sums.exchanges,
  sums.unpriced,
  sums.unmetered,
  sums.partial,
  spreads.latency_us_spread,
  spreads.ttfb_us_spread
FROM sums
JOIN spreads
  ON sums.rest IS NOT DISTINCT FROM spreads.rest
  AND sums.d0 IS NOT DISTINCT FROM spreads.d0
ORDER BY
  is_total DESC,
  rest ASC,
  latency_us_spread[2] DESC,
  d0
